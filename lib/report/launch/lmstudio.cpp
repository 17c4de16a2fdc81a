// What LM Studio's SDK takes: client.llm.load(model, {config}). What has no field of its own goes to the
// arguments of the llama-server that LM Studio starts.
//
// Source: @lmstudio/sdk 2.0.0, LLMLoadModelConfig
#include <algorithm>
#include <boost/json.hpp>
#include <iterator>

#include "arguments.hpp"
#include "io/json_text.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget::launching {
namespace {

namespace json = boost::json;

/// Of LLMLlamaCacheQuantizationType.
bool has_type(ggml_type t) { return t != ggml_type::bf16; }

json::value cache_type(ggml_type t) {
  if (t == ggml_type::f16 || !has_type(t)) return false;
  return json::value(std::string(traits(t).name));
}

/// The path below LM Studio's folder of models, which is its name for them.
std::string key_of(const std::string& path) {
  for (const std::string_view folder : {"/.lmstudio/models/", "/.cache/lm-studio/models/"})
    if (const std::size_t at = path.find(folder); at != std::string::npos)
      return path.substr(at + folder.size());
  return path;
}

json::value offload_ratio(const planned& p) {
  const auto all = static_cast<std::int64_t>(p.m.hp.n_layer_all) + 1;  // and the output layer
  if (p.n_gpu_layers == 0) return "off";
  if ((p.r.n_gpu_layers < 0 && p.n_gpu_layers == p.b.n_gpu_layers) || p.n_gpu_layers >= all)
    return "max";
  return static_cast<double>(p.n_gpu_layers) / static_cast<double>(all);
}

json::object config_of(const planned& p) {
  const context_params& c = p.b.context;
  json::object o{{"autoFit", false},
                 {"contextLength", c.kv_unified ? c.n_ctx : c.n_ctx_seq},
                 {"maxParallelPredictions", c.n_seq_max},
                 {"useUnifiedKvCache", c.kv_unified},
                 {"evalBatchSize", p.r.n_batch},
                 {"physicalBatchSize", p.r.n_ubatch},
                 {"flashAttention", c.flash_attn},
                 {"llamaKCacheQuantizationType", cache_type(p.r.type_k)},
                 {"llamaVCacheQuantizationType", cache_type(p.r.type_v)},
                 {"offloadKVCacheToGpu", p.r.offload_kqv},
                 {"gpu", json::object{{"ratio", offload_ratio(p)}}}};
  if (!drafts_as_usual(p)) return o;
  if (p.files.draft.empty()) {
    o["speculativeDraftMtp"] = true;
  } else {
    o["speculativeDraftSimple"] = true;
    o["speculativeDraftModel"] = key_of(p.files.draft);
  }
  o["speculativeDraftMaxTokens"] = p.r.spec_draft_n_max;
  return o;
}

/// Arguments of llama-server that no field stands for.
arguments other_arguments(const planned& p) {
  arguments all = server_arguments(p);
  erase(all, {"-m", "-mu", "-hf", "-hff", "--no-mmproj", "-c", "-b", "-ub", "-np", "-kvu",
              "-no-kvu", "-fa", "-nkvo", "--embeddings", "--pooling"});
  if (has_type(p.r.type_k)) erase(all, {"-ctk"});
  if (has_type(p.r.type_v)) erase(all, {"-ctv"});
  if (!offload_ratio(p).is_double()) erase(all, {"-ngl"});
  if (drafts_as_usual(p)) erase(all, {"-md", "-hfd", "--spec-type", "--spec-draft-n-max"});
  return all;
}

json::object override_of(const arguments& all) {
  json::array rows;
  for (const argument& a : all) rows.push_back(json::object{{"key", a.flag}, {"value", a.value}});
  return {{"enabled", true},
          {"disabledParameters", json::array{}},
          {"overrideParameters", std::move(rows)},
          {"excludeAllConfig", false}};
}

}  // namespace

arguments lmstudio_not_set(const planned& p) {
  arguments lost;
  for (argument& a : server_arguments(p))
    if (a.flag == "--embeddings" || a.flag == "--pooling") lost.push_back(std::move(a));
  return lost;
}

std::string lmstudio(const planned& p) {
  json::object config = config_of(p);
  if (const arguments others = other_arguments(p); !others.empty())
    config["llamaCppArgumentsOverride"] = override_of(others);
  const std::string key =
      is_hub_name(p.files.model) ? p.files.model.substr(3) : key_of(p.files.model);
  json::object o{{"model", key}, {"config", std::move(config)}};

  json::array lost;
  for (const argument& a : lmstudio_not_set(p)) lost.push_back(json::value(line_of({a})));
  if (!lost.empty()) o["_not_set"] = std::move(lost);
  if (!is_hub_name(p.files.model) && key == p.files.model)
    o["_notes"] = {"model: LM Studio knows files in its own folder: lms import brings one there"};
  return json_text(o) + "\n";
}

}  // namespace vrambudget::launching
