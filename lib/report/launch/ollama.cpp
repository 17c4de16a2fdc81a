// A Modelfile, and the server's environment in its comments.
//
// Since 0.30 Ollama starts a llama-server for each model, and num_gpu is its -ngl. It keeps its fitting on, which a
// number of layers turns off.
//
// Source: ollama v0.17.4: parser/parser.go (commands), api/types.go: Runner (parameters), envconfig/config.go
// (environment), llm/server.go: NewLlamaServer, server/sched.go: load, llama/llama.go: NewContextParams; 0.30,
// 00f6d62: llm/llama_server.go: startLlamaServer, append...Args, shouldDisableMMProjOffload
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "arguments.hpp"
#include "ollama_architectures.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/model/adapters.hpp"

namespace vrambudget::launching {
namespace {

bool contains(std::span<const std::string_view> all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// What a Modelfile can hold of a text: its reader drops control characters.
std::string printable(std::string text) {
  std::erase_if(text, [](unsigned char c) { return c < 32 || c == 127; });
  return text;
}

/// A value that its reader leaves as it is.
std::string value_of(std::string text) {
  text = printable(std::move(text));
  const bool is_trimmed = text.starts_with(' ') || text.ends_with(' ') || text.starts_with('"');
  return is_trimmed ? "\"\"\"" + text + "\"\"\"" : text;
}

/// The type both caches get. Without flash attention a quantized one is not used.
ggml_type cache_type(const planned& p) {
  const ggml_type k = p.r.type_k;
  const bool has_it = k == ggml_type::q8_0 || k == ggml_type::q4_0;
  return has_it && p.b.context.flash_attn ? k : ggml_type::f16;
}

bool is_file(const launch_files& f) {
  return f.ollama.empty() && !is_hub_name(f.model) && !is_address(f.model);
}

/// hf.co/org/repo:TAG, where the tag can be a file's name.
std::string hub_model(const std::string& name) {
  const auto hub = parse_hub_name(name.substr(3));
  if (!hub || hub->file.empty()) return "hf.co/" + name.substr(3);
  return "hf.co/" + hub->repo + ":" + file_name(hub->file);
}

/// Whether the projector is the one that Ollama has with the model: FROM brings it along.
bool is_brought(const launch_files& f) { return !f.ollama.empty() && f.mmproj_is_ollamas; }

std::string source_of(const launch_files& f) {
  if (!f.ollama.empty()) return f.ollama;
  if (is_hub_name(f.model)) return hub_model(f.model);
  if (is_address(f.model)) return file_name(f.model);
  return f.model;
}

std::string environment(const planned& p, std::uint32_t slots) {
  std::string text =
      fmt::format("OLLAMA_FLASH_ATTENTION={} OLLAMA_KV_CACHE_TYPE={} OLLAMA_NUM_PARALLEL={}",
                  p.b.context.flash_attn ? 1 : 0, traits(cache_type(p)).name, slots);
  if (p.r.split_mode == split_mode::none)
    text += fmt::format(" CUDA_VISIBLE_DEVICES={}", p.r.main_gpu);
  else if (p.b.devices.size() > 1)
    text += " OLLAMA_SCHED_SPREAD=1";
  return text;
}

/// Tokens of one slot.
std::uint32_t num_ctx(const planned& p, std::uint32_t slots) {
  const context_params& c = p.b.context;
  return c.kv_unified || slots == 1 ? c.n_ctx / slots : c.n_ctx_seq;
}

/// Whether it drafts by the model's own layers, as it does unless it is told not to.
bool drafts_by_itself(const planned& p) { return drafts_as_usual(p) && p.files.draft.empty(); }

std::vector<std::string> notes(const planned& p, std::uint32_t slots) {
  const context_params& c = p.b.context;
  std::vector<std::string> all;
  if (is_address(p.files.model)) all.emplace_back("download the file first: FROM takes no address");
  if (c.n_seq_max > 1 && c.kv_unified)
    all.emplace_back(slots == 1 ? "one slot with the whole context: slots do not share a cache here"
                                : "slots do not share a cache here: num_ctx is for one of them");
  if (slots > 1 && contains(ollama_single_slot, p.m.architecture))
    all.push_back(p.m.architecture + " gets one slot, whatever OLLAMA_NUM_PARALLEL says");
  if (p.m.hp.pooling_type != pooling::unspecified)
    all.emplace_back("an embedding model gets one slot and num_batch as large as num_ctx");
  if (p.n_gpu_layers < p.b.n_gpu_layers)
    all.push_back(fmt::format("num_gpu: as many layers as fit, {} were planned", p.b.n_gpu_layers));
  if (p.n_gpu_layers < p.m.hp.n_layer_all + 1 && !p.files.mmproj.empty())
    all.emplace_back("the projector stays on the host, as not all layers are on the GPU");
  if (p.b.devices.size() > 1 && p.r.split_mode != split_mode::none)
    all.emplace_back("before 0.30 layers are divided over the GPUs by an estimate of Ollama's own");
  const bool is_alone = p.files.mmproj.empty() || p.files.mmproj == p.files.model;
  if (contains(ollama_own_engine, p.m.architecture) && is_alone)
    all.push_back("before 0.30 " + p.m.architecture +
                  " runs in an engine of Ollama's own: its buffers are not those planned");
  return all;
}

/// The one adapter that a Modelfile has room for, at full scale; null: there is none, or others.
const lora_adapter* adapter_of(const planned& p) {
  const adapters* by = p.m.adapted_by.get();
  const bool is_one = by && by->loras.size() == 1 && by->loras.front().scale == 1 && p.r.lora_apply;
  return is_one ? &by->loras.front() : nullptr;
}

}  // namespace

arguments ollama_not_set(const planned& p) {
  const run& r = p.r;
  arguments all = server_arguments(p);
  erase(all, {"-m", "-mu", "-hf", "-hff", "--no-mmproj", "-c", "-ub", "-np", "-kvu", "-no-kvu",
              "-fa", "-ctk", "-ctv", "-ngl", "--no-mmap"});
  if (r.split_mode == split_mode::none) erase(all, {"-sm", "-mg"});
  if (is_file(p.files) || is_brought(p.files)) erase(all, {"--mmproj"});
  if (adapter_of(p)) erase(all, {"--lora"});
  if (drafts_by_itself(p)) erase(all, {"--spec-type", "--spec-draft-n-max"});
  if (r.type_k != cache_type(p)) all.push_back({"-ctk", std::string(traits(r.type_k).name)});
  if (r.type_v != cache_type(p)) all.push_back({"-ctv", std::string(traits(r.type_v).name)});
  return all;
}

run ollama_run(const planned& p) {
  const context_params& c = p.b.context;
  const std::uint32_t slots = asked_slots(p);
  run r;
  r.profile = p.r.profile;
  r.n_ctx = num_ctx(p, slots) * slots;
  r.n_parallel = slots;
  r.n_batch = r.n_ubatch = c.n_ubatch;
  r.flash_attn = c.flash_attn ? flash_attn::on : flash_attn::off;
  r.type_k = r.type_v = cache_type(p);
  if (p.r.split_mode == split_mode::none) {
    r.split_mode = split_mode::none;
    r.main_gpu = p.r.main_gpu;
  }
  r.embeddings = p.r.embeddings || p.m.hp.pooling_type != pooling::unspecified;
  r.mmap = p.r.mmap;
  r.spec_types = {drafts_by_itself(p) ? spec_type::draft_mtp : spec_type::none};
  r.spec_draft_n_max = p.r.spec_draft_n_max;
  r.mmproj.flash_attn = r.flash_attn;
  r.mmproj.offload = p.n_gpu_layers > p.m.hp.n_layer_all;
  return r;
}

std::string ollama(const planned& p) {
  const context_params& c = p.b.context;
  const std::uint32_t slots = asked_slots(p);
  std::string text =
      "# Modelfile; the server needs this environment:\n#   " + environment(p, slots) + "\n";
  if (const arguments lost = ollama_not_set(p); !lost.empty())
    text += "# no setting for " + printable(line_of(lost)) + "\n";
  for (const std::string& n : notes(p, slots)) text += "# " + printable(n) + "\n";
  text += "FROM " + value_of(source_of(p.files)) + "\n";
  if (!p.files.mmproj.empty() && is_file(p.files))
    text += "FROM " + value_of(p.files.mmproj) + "\n";
  if (const lora_adapter* l = adapter_of(p)) text += "ADAPTER " + value_of(l->path) + "\n";
  text += fmt::format("PARAMETER num_ctx {}\n", num_ctx(p, slots));
  text += fmt::format("PARAMETER num_batch {}\n", c.n_ubatch);
  text += fmt::format("PARAMETER num_gpu {}\n", p.n_gpu_layers);
  if (!p.r.mmap) text += "PARAMETER use_mmap false\n";
  if (p.m.hp.n_layer_nextn > 0)  // with which it drafts otherwise
    text += fmt::format("PARAMETER draft_num_predict {}\n",
                        drafts_by_itself(p) ? p.r.spec_draft_n_max : 0);
  return text;
}

}  // namespace vrambudget::launching
