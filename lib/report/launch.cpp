// Plans as other programs' settings.
#include "vrambudget/report/launch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cctype>
#include <vector>

#include "vrambudget/ggml/type.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

/// A word for a POSIX shell.
std::string quoted(const std::string& word) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) ||
           std::string_view("-_./:=,+@%").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!word.empty() && std::all_of(word.begin(), word.end(), plain)) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string joined(const std::vector<std::string>& all, const char* between) {
  std::string text;
  for (const std::string& s : all) text += (text.empty() ? "" : between) + s;
  return text;
}

std::string shares(const std::vector<float>& split) {
  std::vector<std::string> all;
  for (const float f : split) all.push_back(fmt::format("{:g}", f));
  return joined(all, ",");
}

std::string overrides_of(const std::vector<tensor_override>& all) {
  std::vector<std::string> rows;
  for (const tensor_override& o : all) rows.push_back(o.pattern + "=" + o.buffer);
  return joined(rows, ",");
}

/// An argument list that leaves out what is the server's default anyway.
class arguments {
 public:
  void add(const char* flag) { words_.emplace_back(flag); }
  void add(const char* flag, const std::string& value) {
    words_.emplace_back(flag);
    words_.push_back(quoted(value));
  }
  template <class T>
  void add_unless(bool usual, const char* flag, const T& value) {
    if (!usual) add(flag, fmt::format("{}", value));
  }
  void add_if(bool wanted, const char* flag) {
    if (wanted) add(flag);
  }
  [[nodiscard]] std::string line(const std::string& program) const {
    std::string text = program;
    for (const std::string& w : words_) text += " " + w;
    return text;
  }

 private:
  std::vector<std::string> words_;
};

std::string type_name(ggml_type t) { return std::string(traits(t).name); }

const char* name_of(split_mode m) {
  constexpr const char* names[] = {"none", "layer", "row", "tensor"};
  return names[static_cast<std::size_t>(m)];
}

const char* name_of(pooling p) {
  constexpr const char* names[] = {"", "none", "mean", "cls", "last", "rank"};
  return names[static_cast<std::size_t>(p)];
}

void add_context(arguments& a, const run& r, const budget& b) {
  const run usual;
  a.add("-c", std::to_string(b.context.n_ctx));
  a.add_unless(r.n_batch == usual.n_batch, "-b", r.n_batch);
  a.add_unless(r.n_ubatch == usual.n_ubatch, "-ub", r.n_ubatch);
  a.add_unless(r.n_parallel == 0, "-np", r.n_parallel);
  if (r.kv_unified) a.add(*r.kv_unified ? "-kvu" : "-no-kvu");
  a.add("-fa", b.context.flash_attn ? "on" : "off");
  a.add_unless(r.type_k == usual.type_k, "-ctk", type_name(r.type_k));
  a.add_unless(r.type_v == usual.type_v, "-ctv", type_name(r.type_v));
  a.add_if(r.swa_full, "--swa-full");
  a.add_if(r.embeddings, "--embeddings");
  if (r.pooling != pooling::unspecified) a.add("--pooling", name_of(r.pooling));
}

void add_placement(arguments& a, const run& r, const budget& b) {
  const run usual;
  a.add("-ngl", std::to_string(b.n_gpu_layers));
  a.add_unless(r.split_mode == usual.split_mode, "-sm", name_of(r.split_mode));
  a.add_unless(r.main_gpu == 0, "-mg", r.main_gpu);
  if (!r.tensor_split.empty()) a.add("-ts", shares(r.tensor_split));
  if (!r.overrides.empty()) a.add("-ot", overrides_of(r.overrides));
  a.add_if(r.cpu_moe, "-cmoe");
  a.add_unless(r.n_cpu_moe == 0, "-ncmoe", r.n_cpu_moe);
  a.add_unless(r.n_cpu_ffn == 0, "-ncffn", r.n_cpu_ffn);
  a.add_if(!r.offload_kqv, "-nkvo");
  a.add_if(!r.op_offload, "--no-op-offload");
}

void add_draft(arguments& a, const launch_files& files, const run& r, const budget& b) {
  if (!b.draft) return;
  const run usual;
  if (!files.draft.empty()) a.add("-md", files.draft);
  std::vector<std::string> types;
  for (const spec_type t : r.spec_types) types.emplace_back(name(t));
  if (types.empty()) types.emplace_back(name(b.draft->type));
  a.add("--spec-type", joined(types, ","));
  a.add_unless(r.spec_draft_n_max == usual.spec_draft_n_max, "--spec-draft-n-max",
               r.spec_draft_n_max);
  a.add_unless(r.draft_type_k == usual.draft_type_k, "-ctkd", type_name(r.draft_type_k));
  a.add_unless(r.draft_type_v == usual.draft_type_v, "-ctvd", type_name(r.draft_type_v));
  if (!files.draft.empty()) a.add("-ngld", std::to_string(b.draft->n_gpu_layers));
  if (!r.draft_overrides.empty()) a.add("-otd", overrides_of(r.draft_overrides));
  a.add_if(r.draft_cpu_moe, "-cmoed");
  a.add_unless(r.draft_n_cpu_moe == 0, "-ncmoed", r.draft_n_cpu_moe);
}

void add_projector(arguments& a, const launch_files& files, const projector_run& p) {
  if (files.mmproj.empty()) return;
  a.add("--mmproj", files.mmproj);
  a.add_if(!p.offload, "--no-mmproj-offload");
  a.add_unless(p.device == 0, "--mmproj-device", fmt::format("CUDA{}", p.device));
  if (p.image_min_tokens) a.add("--image-min-tokens", std::to_string(*p.image_min_tokens));
  if (p.image_max_tokens) a.add("--image-max-tokens", std::to_string(*p.image_max_tokens));
  a.add_if(!p.warmup, "--no-warmup");
}

/// `--fit` would change what is not given here.
std::string llama_server(const launch_files& files, const run& r, const budget& b) {
  arguments a;
  constexpr std::string_view hub = "hf:";
  if (files.model.starts_with(hub))
    a.add("-hf", files.model.substr(hub.size()));
  else
    a.add("-m", files.model);
  add_context(a, r, b);
  add_placement(a, r, b);
  add_draft(a, files, r, b);
  add_projector(a, files, r.mmproj);
  a.add("--fit", "off");
  return a.line("llama-server") + "\n";
}

/// Flags of a run that programs with few settings lack.
std::vector<std::string> rarely_settable(const run& r) {
  std::vector<std::string> all;
  const auto add = [&](bool given, const char* flag) {
    if (given) all.emplace_back(flag);
  };
  add(r.split_mode != split_mode::layer, "-sm");
  add(!r.tensor_split.empty(), "-ts");
  add(!r.overrides.empty(), "-ot");
  add(r.cpu_moe, "-cmoe");
  add(r.n_cpu_moe > 0, "-ncmoe");
  add(r.n_cpu_ffn > 0, "-ncffn");
  add(!r.offload_kqv, "-nkvo");
  add(!r.op_offload, "--no-op-offload");
  add(r.swa_full, "--swa-full");
  return all;
}

void remove(std::vector<std::string>& flags, std::initializer_list<std::string_view> settable) {
  std::erase_if(flags, [&](const std::string& f) {
    return std::find(settable.begin(), settable.end(), f) != settable.end();
  });
}

std::string ollama(const launch_files& files, const run& r, const budget& b) {
  const context_params& c = b.context;
  std::string text;
  constexpr std::string_view store = "ollama:";
  std::string from = files.model;
  if (from.starts_with(store)) from.erase(0, store.size());
  if (from.starts_with("hf:")) from = "hf.co/" + from.substr(3);
  text += "# Modelfile; the server needs this environment:\n";
  text +=
      fmt::format("#   OLLAMA_FLASH_ATTENTION={} OLLAMA_KV_CACHE_TYPE={} OLLAMA_NUM_PARALLEL={}\n",
                  c.flash_attn ? 1 : 0, type_name(r.type_k), c.n_seq_max);
  if (r.type_v != r.type_k)
    text +=
        fmt::format("# no setting for a V cache of another type than K: {}\n", type_name(r.type_v));
  if (c.n_seq_max > 1 && c.kv_unified)
    text += "# Ollama gives every slot a cache of its own: num_ctx is for one of them\n";
  std::vector<std::string> lost = rarely_settable(r);
  if (b.draft) lost.emplace_back("--spec-type");
  if (r.n_batch != run{}.n_batch) lost.emplace_back("-b");
  if (!lost.empty()) text += "# no setting for " + joined(lost, " ") + "\n";
  text += "FROM " + from + "\n";
  if (!files.mmproj.empty()) text += "FROM " + files.mmproj + "\n";
  const std::uint32_t per_slot = c.kv_unified ? c.n_ctx / std::max(1u, c.n_seq_max) : c.n_ctx_seq;
  text += fmt::format("PARAMETER num_ctx {}\n", per_slot);
  text += fmt::format("PARAMETER num_batch {}\n", c.n_ubatch);
  text += fmt::format("PARAMETER num_gpu {}\n", b.n_gpu_layers);
  if (r.main_gpu > 0) text += fmt::format("PARAMETER main_gpu {}\n", r.main_gpu);
  return text;
}

std::string koboldcpp(const launch_files& files, const run& r, const budget& b) {
  const context_params& c = b.context;
  json::object o{
      {"model_param", files.model},  {"contextsize", c.n_ctx},
      {"gpulayers", b.n_gpu_layers}, {"usecublas", {"normal", std::to_string(r.main_gpu), "mmq"}},
      {"blasbatchsize", c.n_ubatch}, {"flashattention", c.flash_attn},
      {"multiuser", c.n_seq_max}};
  json::array lost;
  const bool quantizes = r.type_k != ggml_type::f16;
  if (r.type_k == r.type_v &&
      (!quantizes || r.type_k == ggml_type::q8_0 || r.type_k == ggml_type::q4_0))
    o["quantkv"] = !quantizes ? 0 : r.type_k == ggml_type::q8_0 ? 1 : 2;
  else
    lost.push_back("-ctk, -ctv");
  std::vector<std::string> others = rarely_settable(r);
  if (!r.tensor_split.empty()) o["tensor_split"] = json::value_from(r.tensor_split);
  if (!r.overrides.empty()) o["overridetensors"] = overrides_of(r.overrides);
  if (r.n_cpu_moe > 0 || r.cpu_moe) o["moecpu"] = r.cpu_moe ? 999 : r.n_cpu_moe;
  if (r.swa_full) o["useswa"] = false;
  if (!files.mmproj.empty()) o["mmproj"] = files.mmproj;
  if (!files.mmproj.empty() && !r.mmproj.offload) o["mmprojcpu"] = true;
  if (!files.draft.empty()) {
    o["draftmodel"] = files.draft;
    o["draftamount"] = r.spec_draft_n_max;
    if (b.draft) o["draftgpulayers"] = b.draft->n_gpu_layers;
  } else if (b.draft) {
    lost.push_back("--spec-type");
  }
  remove(others, {"-ts", "-ot", "-ncmoe", "-cmoe", "--swa-full"});
  for (const std::string& f : others) lost.push_back(json::value(f));
  if (!lost.empty()) o["_not_set"] = std::move(lost);
  return json::serialize(o) + "\n";
}

std::string lmstudio(const launch_files& files, const run& r, const budget& b) {
  const context_params& c = b.context;
  json::array fields;
  const auto add = [&](const char* key, json::value v) {
    fields.push_back(json::object{{"key", key}, {"value", std::move(v)}});
  };
  const auto quantized = [](ggml_type t) {
    return json::object{{"checked", t != ggml_type::f16}, {"value", type_name(t)}};
  };
  add("llm.load.contextLength", c.n_ctx);
  add("llm.load.llama.evalBatchSize", c.n_ubatch);
  add("llm.load.llama.flashAttention", c.flash_attn);
  add("llm.load.llama.kCacheQuantizationType", quantized(r.type_k));
  add("llm.load.llama.vCacheQuantizationType", quantized(r.type_v));
  if (r.n_gpu_layers <= 0)
    add("llm.load.llama.acceleration.offloadRatio", r.n_gpu_layers < 0 ? "max" : "off");
  add("llm.load.offloadKVCacheToGpu", r.offload_kqv);
  add("llm.load.numParallelSessions", c.n_seq_max);
  json::array lost;
  std::vector<std::string> others = rarely_settable(r);
  remove(others, {"-nkvo"});
  if (r.n_gpu_layers > 0) others.insert(others.begin(), "-ngl " + std::to_string(r.n_gpu_layers));
  for (const std::string& f : others) lost.push_back(json::value(f));
  if (b.draft) lost.push_back("--spec-type");
  json::object o{{"model", files.model}, {"load", json::object{{"fields", std::move(fields)}}}};
  if (!lost.empty()) o["_not_set"] = std::move(lost);
  return json::serialize(o) + "\n";
}

}  // namespace

std::optional<launcher> find_launcher(std::string_view text) {
  constexpr std::string_view names[] = {"llama-server", "ollama", "koboldcpp", "lmstudio"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (names[i] == text) return static_cast<launcher>(i);
  return std::nullopt;
}

std::string launch_text(launcher l, const launch_files& files, const run& r, const budget& b) {
  switch (l) {
    case launcher::llama_server:
      return llama_server(files, r, b);
    case launcher::ollama:
      return ollama(files, r, b);
    case launcher::koboldcpp:
      return koboldcpp(files, r, b);
    case launcher::lmstudio:
      return lmstudio(files, r, b);
  }
  return {};
}

}  // namespace vrambudget
