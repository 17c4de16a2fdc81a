// A .kcpps file: its keys are the names of KoboldCpp's options. Keys of older versions stand beside those that
// replaced them, which are read first.
//
// Source: LostRuins/koboldcpp 1.122, koboldcpp.py: add_argument, load_model, set_backend_props,
// convert_invalid_args; gpttype_adapter.cpp: gpttype_load_model
#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "arguments.hpp"
#include "io/json_text.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/model/adapters.hpp"

namespace vrambudget::launching {
namespace {

namespace json = boost::json;

/// Tokens that the cache gets besides `contextsize`.
constexpr std::uint32_t extra_tokens = 128;

/// `moecpu` and `ffncpu` without a value: all layers.
constexpr std::uint32_t all_layers = 999;

/// `quantkv`: numbers are understood by all versions, the name by those that have the type.
std::optional<json::value> cache_type(const run& r) {
  if (r.type_k != r.type_v) return std::nullopt;
  switch (r.type_k) {
    case ggml_type::f16:
      return 0;
    case ggml_type::q8_0:
      return 1;
    case ggml_type::q4_0:
      return 2;
    case ggml_type::bf16:
      return 3;
    case ggml_type::q5_1:
      return "q5_1";
    default:
      return std::nullopt;
  }
}

/// A number among them leaves only that GPU visible, or with `tensor_split` makes it the main one.
json::array cuda(const planned& p) {
  json::array all{"normal", "mmq"};
  if (p.b.devices.size() == 1 || p.r.split_mode == split_mode::none)
    all.push_back(json::value(std::to_string(p.r.main_gpu)));
  if (!p.r.offload_kqv) all.push_back("lowvram");
  if (p.r.split_mode == split_mode::row) all.push_back("rowsplit");
  return all;
}

/// A path or an address.
std::string model_param(const planned& p) {
  const std::string& name = p.files.model;
  if (!is_hub_name(name)) return name;
  if (is_address(p.m.path)) return p.m.path;
  const auto hub = parse_hub_name(name.substr(3));
  return hub && !hub->file.empty() ? hub_file_url("https://huggingface.co", hub->repo, hub->file)
                                   : name;
}

void add_context(json::object& o, const planned& p) {
  const context_params& c = p.b.context;
  o["contextsize"] = c.n_ctx > 2 * extra_tokens ? c.n_ctx - extra_tokens : c.n_ctx;
  o["batchsize"] = p.r.n_batch;
  o["ubatchsize"] = std::min(p.r.n_batch, p.r.n_ubatch);
  o["blasbatchsize"] = std::min(p.r.n_batch, p.r.n_ubatch);
  o["flashattention"] = c.flash_attn;
  o["noflashattention"] = !c.flash_attn;
  if (const auto t = cache_type(p.r)) o["quantkv"] = *t;
  o["noswa"] = p.r.swa_full;
  o["useswa"] = !p.r.swa_full;
  if (asked_slots(p) > 1) o["parallelrequests"] = asked_slots(p);
}

void add_placement(json::object& o, const planned& p) {
  const run& r = p.r;
  o["gpulayers"] = p.n_gpu_layers;
  o["usecuda"] = cuda(p);
  o["usecublas"] = cuda(p);
  o["lowvram"] = !r.offload_kqv;
  o["splitmode"] = r.split_mode == split_mode::row ? "row" : "layer";
  if (r.main_gpu > 0 && r.split_mode != split_mode::none) o["maingpu"] = r.main_gpu;
  if (!r.tensor_split.empty()) o["tensor_split"] = json::value_from(r.tensor_split);
  if (!r.overrides.empty()) o["overridetensors"] = text_of(r.overrides);
  if (r.n_cpu_moe > 0 || r.cpu_moe) o["moecpu"] = r.cpu_moe ? all_layers : r.n_cpu_moe;
  if (r.n_cpu_ffn > 0) o["ffncpu"] = r.n_cpu_ffn;
}

void add_projector(json::object& o, const planned& p) {
  if (p.files.mmproj.empty()) return;
  const projector_run& q = p.r.mmproj;
  o["mmproj"] = p.files.mmproj;
  if (!q.offload) o["mmprojcpu"] = true;
  if (q.image_min_tokens) o["visionmintokens"] = *q.image_min_tokens;
  if (q.image_max_tokens) o["visionmaxtokens"] = *q.image_max_tokens;
}

/// Whether its settings can tell the adapters: all by one scale, and applied.
bool has_lora(const planned& p) {
  if (!p.m.adapted_by || !p.r.lora_apply) return false;
  const std::vector<lora_adapter>& all = p.m.adapted_by->loras;
  return std::all_of(all.begin(), all.end(),
                     [&](const lora_adapter& l) { return l.scale == all.front().scale; });
}

void add_lora(json::object& o, const planned& p) {
  if (!has_lora(p) || p.m.adapted_by->loras.empty()) return;
  json::array files;
  for (const lora_adapter& l : p.m.adapted_by->loras) files.push_back(json::value(l.path));
  o["lora"] = std::move(files);
  o["loramult"] = p.m.adapted_by->loras.front().scale;
}

void add_draft(json::object& o, const planned& p) {
  if (!p.b.draft) return;
  o["draftamount"] = p.r.spec_draft_n_max;
  if (p.files.draft.empty())
    o["usemtp"] = p.b.draft->type == spec_type::draft_mtp;
  else
    o["draftmodel"] = p.files.draft;
  if (!p.files.draft.empty()) o["draftgpulayers"] = p.b.draft->n_gpu_layers;
}

json::array not_set(const planned& p) {
  json::array words;
  for (const argument& a : koboldcpp_not_set(p)) words.push_back(json::value(line_of({a})));
  return words;
}

json::array notes(const planned& p) {
  json::array all{"contextsize: KoboldCpp adds 128 tokens, with which the cache is as planned"};
  const auto late = [](const tensor_override& o) { return o.after_cpu_moe || o.after_cpu_ffn; };
  if (std::any_of(p.r.overrides.begin(), p.r.overrides.end(), late))
    all.push_back("overridetensors decides before moecpu and ffncpu, also what came after them");
  if (p.n_gpu_layers < p.b.n_gpu_layers)
    all.push_back("gpulayers: as many as fit without what is not set");
  if (asked_slots(p) == 1 && p.b.context.n_seq_max > 1)
    all.push_back("one sequence with the whole context");
  if (asked_slots(p) > 1)
    all.push_back("parallelrequests: one sequence more, and all share the one cache");
  const bool is_one_limit =
      p.r.mmproj.image_min_tokens.has_value() != p.r.mmproj.image_max_tokens.has_value();
  if (!p.files.mmproj.empty() && is_one_limit)
    all.push_back("one of visionmintokens and visionmaxtokens is taken for both");
  if (!p.files.mmproj.empty() && p.r.mmproj.offload)
    all.push_back("mmproj: no flash attention on a GPU, no buffer before the first image");
  return all;
}

}  // namespace

arguments koboldcpp_not_set(const planned& p) {
  arguments all = server_arguments(p);
  erase(all, {"-m",
              "-mu",
              "-hf",
              "-hff",
              "--no-mmproj",
              "-c",
              "-b",
              "-ub",
              "-np",
              "-kvu",
              "-no-kvu",
              "-fa",
              "--swa-full",
              "-ngl",
              "-mg",
              "-ts",
              "-ot",
              "-cmoe",
              "-ncmoe",
              "-ncffn",
              "-nkvo",
              "-md",
              "-hfd",
              "--spec-draft-n-max",
              "-ngld",
              "--mmproj",
              "--no-mmproj-offload",
              "--image-min-tokens",
              "--image-max-tokens"});
  if (cache_type(p.r)) erase(all, {"-ctk", "-ctv"});
  if (p.r.split_mode != split_mode::tensor) erase(all, {"-sm"});
  if (has_lora(p)) erase(all, {"--lora", "--lora-scaled"});
  if (drafts_as_usual(p)) erase(all, {"--spec-type"});
  return all;
}

run koboldcpp_run(const planned& p) {
  const std::uint32_t slots = asked_slots(p);
  run r = p.r;
  r.n_ctx = p.b.context.n_ctx;
  r.n_parallel = slots > 1 ? slots + 1 : 1;
  r.kv_unified = slots > 1;
  r.flash_attn = p.b.context.flash_attn ? flash_attn::on : flash_attn::off;
  if (!cache_type(r)) r.type_k = r.type_v = ggml_type::f16;
  if (r.split_mode == split_mode::tensor) r.split_mode = split_mode::layer;
  r.op_offload = true;
  const run usual;
  r.draft_type_k = usual.draft_type_k;
  r.draft_type_v = usual.draft_type_v;
  r.draft_overrides.clear();
  r.draft_cpu_moe = false;
  r.draft_n_cpu_moe = 0;
  r.spec_types = {drafts_as_usual(p) ? p.b.draft->type : spec_type::none};
  return r;
}

std::string koboldcpp(const planned& p) {
  json::object o{{"model_param", model_param(p)}};
  add_context(o, p);
  add_placement(o, p);
  add_lora(o, p);
  add_projector(o, p);
  add_draft(o, p);
  if (json::array lost = not_set(p); !lost.empty()) o["_not_set"] = std::move(lost);
  o["_notes"] = notes(p);
  return json_text(o) + "\n";
}

}  // namespace vrambudget::launching
