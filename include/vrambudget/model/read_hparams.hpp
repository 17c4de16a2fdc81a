// Hyperparameters from a header: the keys all architectures share, then each one's own rules.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/architecture.hpp"
#include "vrambudget/model/keys.hpp"
#include "vrambudget/model/norm_epsilon.hpp"

namespace vrambudget {

namespace detail {

/// Largest width or length taken as real; products of four such stay within reach of checks.
inline constexpr std::uint32_t max_width = 1u << 24;

inline void read_layers(keys& k, hparams& hp) {
  hp.n_ctx_train = k.required("context_length");
  hp.n_embd = k.required("embedding_length");
  hp.n_embd_out_impl = k.u32("embedding_length_out");
  hp.n_layer_all = k.required("block_count");
  hp.n_layer_nextn = k.u32("nextn_predict_layers");
  if (hp.n_layer_all == 0)
    k.fail(
        {errc::bad_format, "key '" + k.architecture() + ".block_count' is 0, expected at least 1"});
  k.limit("block_count", hp.n_layer_all, llama_max_layers);
  k.limit("nextn_predict_layers", hp.n_layer_nextn, hp.n_layer_all);
  k.limit("embedding_length", hp.n_embd, max_width);
  hp.n_ctx_train = std::min<std::uint32_t>(hp.n_ctx_train, INT32_MAX);
  hp.attn.causal = k.boolean("attention.causal", true);
  if (k.has("pooling_type"))
    hp.pooling_type = static_cast<pooling>(std::min(k.u32("pooling_type"), 4u) + 1);
}

inline void read_experts(keys& k, hparams& hp) {
  hp.moe.n_expert = k.u32("expert_count");
  hp.moe.n_expert_used_arr = k.per_layer("expert_used_count", hp.n_layer_all);
  hp.moe.n_group = k.u32("expert_group_count");
  hp.moe.n_group_used = k.u32("expert_group_used_count");
  k.limit("expert_count", hp.moe.n_expert, llama_max_experts);
  for (const std::uint32_t used : hp.moe.n_expert_used_arr)
    k.limit("expert_used_count", used, hp.moe.n_expert);
  const auto& used = hp.moe.n_expert_used_arr;
  if (hp.moe.n_expert > 0 && std::all_of(used.begin(), used.end(), [](auto n) { return n == 0; }))
    k.fail({errc::bad_format, "key '" + k.architecture() + ".expert_used_count' is missing or 0, " +
                                  "expected at least 1 of " + std::to_string(hp.moe.n_expert) +
                                  " experts"});
  if (hp.moe.n_group > 0 && hp.moe.n_group >= hp.moe.n_expert)
    k.fail({errc::bad_format, "key '" + k.architecture() + ".expert_group_count' is " +
                                  std::to_string(hp.moe.n_group) + ", expected fewer than the " +
                                  std::to_string(hp.moe.n_expert) + " experts"});
  if (hp.moe.n_group > 1 && (hp.moe.n_expert % hp.moe.n_group != 0 || hp.moe.n_group_used == 0 ||
                             hp.moe.n_group_used >= hp.moe.n_group))
    k.fail({errc::bad_format, std::to_string(hp.moe.n_expert) + " experts do not go into " +
                                  std::to_string(hp.moe.n_group) + " groups of which " +
                                  std::to_string(hp.moe.n_group_used) + " are used"});
}

inline void read_heads(keys& k, hparams& hp) {
  const std::uint32_t n = hp.n_layer_all;
  hp.n_ff_arr = k.per_layer("feed_forward_length", n);
  hp.moe.n_ff_exp_arr = k.per_layer("expert_feed_forward_length", n);
  hp.n_head_arr = k.per_layer("attention.head_count", n);
  hp.n_head_kv_arr =
      k.has("attention.head_count_kv") ? k.per_layer("attention.head_count_kv", n) : hp.n_head_arr;
  for (const auto* all : {&hp.n_head_arr, &hp.n_head_kv_arr})
    for (const std::uint32_t heads : *all) k.limit("attention.head_count", heads, 1u << 16);
  const std::uint32_t head = hp.n_head() ? hp.n_embd / hp.n_head() : 0;
  if (hp.n_head()) {
    hp.attn.n_embd_head_k = k.u32("attention.key_length", head);
    hp.attn.n_embd_head_v = k.u32("attention.value_length", head);
    hp.rope.n_rot = k.u32("rope.dimension_count", hp.attn.n_embd_head_k);
  }
  hp.swa.n_embd_head_k = k.u32("attention.key_length_swa", hp.attn.n_embd_head_k);
  hp.swa.n_embd_head_v = k.u32("attention.value_length_swa", hp.attn.n_embd_head_v);
  hp.swa.n_rot = k.u32("rope.dimension_count_swa", hp.rope.n_rot);
  for (const std::uint32_t size :
       {hp.attn.n_embd_head_k, hp.attn.n_embd_head_v, hp.swa.n_embd_head_k, hp.swa.n_embd_head_v})
    k.limit("attention.key_length", size, 1u << 16);
}

inline void read_positions(keys& k, hparams& hp) {
  hp.rope.n_ctx_orig_yarn = k.u32("rope.scaling.original_context_length", hp.n_ctx_train);
  k.f32("rope.freq_base");  // which no size depends on, but the engine takes no other type
  const gguf::value* v = k.find("rope.dimension_sections");
  constexpr std::uint64_t n_sections = 4;
  if (v && v->is_array() && v->size() != n_sections)
    k.fail({errc::bad_format, "key '" + k.architecture() + ".rope.dimension_sections' has " +
                                  std::to_string(v->size()) + " entries, expected 4"});
  if (v && v->is_array() && v->size() == n_sections)
    hp.rope.sections_used =
        v->signed_integer(0).value_or(0) > 0 && v->signed_integer(1).value_or(0) > 0;
}

/// The vocabulary's size: what is said outright, or 0, where a file says that it has no tokenizer; else the token
/// list's length, and of headers without one what is said or the embedding's rows.
/// Source: llama.cpp, src/llama-vocab.cpp: load
inline std::uint32_t read_vocab(keys& k, const gguf::header& h) {
  const gguf::value* tokenizer = h.find("tokenizer.ggml.model");
  const bool has_none =
      tokenizer && (tokenizer->string() == "none" || tokenizer->string() == "no_vocab");
  const std::uint32_t said = k.u32("vocab_size");
  if (has_none) return said;
  const gguf::value* tokens = h.find("tokenizer.ggml.tokens");
  if (tokens && tokens->is_array() && tokens->size() > 0)
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(tokens->size(), UINT32_MAX));
  if (said) return said;
  for (const gguf::tensor_info& t : h.tensors())
    if (t.name == "token_embd.weight")
      return static_cast<std::uint32_t>(std::min<std::int64_t>(t.ne[1], UINT32_MAX));
  return 0;
}

/// Asks for the keys between blanks.
inline void ask_for_all(keys& k, std::string_view names) {
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(' '), names.size());
    k.ask(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
}

/// Numbers that architectures have of their own names for; one of another type is none of theirs.
inline void read_widths(keys& k, const gguf::header& h, hparams& hp) {
  for (std::size_t i = 0; i < std::size(width_keys); ++i)
    if (const gguf::value* v = k.find(width_keys[i])) hp.widths.by_key[i] = v->u32().value_or(0);
  const gguf::value* labels = k.find("classifier.output_labels");
  if (labels && labels->is_array() && labels->size() > 0)
    hp.widths.n_cls_out =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(labels->size(), UINT32_MAX));
  if (const gguf::value* types = h.find("tokenizer.ggml.token_type_count"))
    hp.widths.n_token_types = types->u32().value_or(0);
}

}  // namespace detail

/// The hyperparameters of a model of an architecture `name`. If that has no row only the shared keys are
/// read, which is enough for a plain KV cache.
///
/// Errors:   not_found   a key every model or this architecture needs is missing
///           bad_format  a key of the wrong type, or numbers that contradict each other
///           limit       more layers, experts or width than the engine, or reason, accepts
/// Source:   llama.cpp, src/llama-model.cpp: load_hparams; src/models: load_arch_hparams
[[nodiscard]] inline result<hparams> read_hparams(const gguf::header& h, const std::string& name,
                                                  const architecture_traits& traits) {
  keys k(h, name);
  hparams hp;
  detail::read_layers(k, hp);
  if (const auto so_far = k.status(); !so_far) return so_far.error();  // arrays are per layer
  detail::read_experts(k, hp);
  detail::read_heads(k, hp);
  detail::read_positions(k, hp);
  detail::read_widths(k, h, hp);
  hp.n_vocab = detail::read_vocab(k, h);
  hp.swa.arr.assign(hp.n_layer_all, 0);
  hp.is_recr_arr.assign(hp.n_layer_all, traits.memory == memory_kind::recurrent);
  hp.rope.arr.assign(hp.n_layer_all, 1);
  hp.indexer.is_full_arr.assign(hp.n_layer_all, 0);
  hp.ple.arr.assign(hp.n_layer_all, 0);
  hp.rope.type = traits.rope_by_sections && hp.use_mrope() ? rope_type::mrope : traits.rope;
  hp.supports_rollback = traits.rollback;
  hp.mixes_inputs = traits.mixes_inputs;
  hp.has_encoder = traits.encoder;
  if (traits.keys) traits.keys(k, hp);
  detail::ask_for_all(k, traits.needs);
  hp.lacks = k.lacks();
  detail::check_norm_epsilon(k, h, traits);
  if (const auto read = k.status(); !read) return read.error();
  return hp;
}

}  // namespace vrambudget
