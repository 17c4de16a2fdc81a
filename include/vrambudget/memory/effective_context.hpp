// What the engine makes of a run for a model: effective sizes of a context, and the runs it refuses.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/hparams.hpp"

namespace vrambudget {

namespace detail {

[[nodiscard]] inline std::uint32_t pad_n_ctx(std::uint64_t n) {
  const std::uint64_t m = n_ctx_multiple;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>((n + m - 1) / m * m, UINT32_MAX / m * m));
}

[[nodiscard]] inline error refused(std::string why) {
  return {errc::invalid_argument, std::move(why)};
}

/// Whether the types of the KV cache go with the model and with flash attention.
[[nodiscard]] inline result<void> check_cache_types(const run& r, const hparams& hp,
                                                    flash_attn fa) {
  const std::string k(traits(r.type_k).name), v(traits(r.type_v).name);
  if ((hp.is_mla() || !hp.dsv4.compress_ratios.empty()) && r.type_k != r.type_v)
    return refused("this model keeps K and V in one cache: types " + k + " and " + v +
                   " must be the same");
  if (is_quantized(r.type_v) && fa == flash_attn::off)
    return refused("a quantized V cache (" + v + ") needs flash attention, which is off");
  if (fa == flash_attn::off) return {};
  const auto fits = [](ggml_type t, std::uint32_t head, const char* what) -> result<void> {
    const std::uint32_t block = traits(t).block;
    if (head % block == 0) return {};
    return refused(std::string(what) + " cache type " + std::string(traits(t).name) +
                   " has blocks of " + std::to_string(block) +
                   ", which do not divide the head size " + std::to_string(head));
  };
  for (std::uint32_t il = 0; il < hp.n_layer(); ++il) {
    if (auto ok = fits(r.type_k, hp.n_embd_head_k(il), "K"); !ok) return ok;
    if (auto ok = fits(r.type_v, hp.n_embd_head_v(il), "V"); !ok) return ok;
  }
  return {};
}

/// Whether pooled keys of the index are kept beside the cells' own.
[[nodiscard]] inline bool pools_index_keys(const indexer_hparams& index,
                                           const engine_rules& rules) {
  return index.kpool > 0 && (index.kpool_always || rules.pools_index_blocks);
}

/// Whether the blocks of an index over pooled keys are such as the engine loads.
/// Source: llama.cpp, src/models/qwen4exp.cpp, glm5-next.cpp: load_arch_hparams
[[nodiscard]] inline result<void> check_index_blocks(const run& r, const indexer_hparams& index) {
  if (!pools_index_keys(index, r.profile.rules)) return {};
  const std::string size = std::to_string(index.kpool);
  for (const std::uint32_t n : index.block_arr)
    if (n != 0 && n != index.kpool)
      return refused("layers with an index have blocks of " + size + " and of " +
                     std::to_string(n) + " cells: this engine needs one size");
  if (index.kpool == 1 || index.top_k == 0 || index.top_k % index.kpool != 0)
    return refused("blocks of " + size + " cells for an index that chooses " +
                   std::to_string(index.top_k) +
                   ": this engine needs blocks of more than one cell that divide them");
  return {};
}

/// Tokens of a decode call as far as `-b` says. llama-server: embeddings need a batch in one graph.
[[nodiscard]] inline std::uint32_t asked_batch(const run& r) {
  return r.embeddings && r.n_ubatch ? std::min(r.n_batch, r.n_ubatch) : r.n_batch;
}

/// Batches by the context that was asked for, then the context in whole pages for all sequences.
inline result<void> set_sizes(context_params& c, const run& r) {
  const std::uint32_t batch = asked_batch(r);
  c.n_batch = c.causal_attn ? std::min(c.n_ctx, batch) : batch;
  c.n_ubatch = std::min(c.n_batch, r.n_ubatch ? r.n_ubatch : batch);
  if (c.n_ubatch == 0) return refused("a batch of 0 tokens");
  c.kv_unified = unified(r);
  c.n_ctx = pad_n_ctx(c.n_ctx);
  c.n_ctx_seq = c.kv_unified ? c.n_ctx : pad_n_ctx(c.n_ctx / c.n_seq_max);
  if (c.n_ctx_seq == 0)
    return refused("no context is left for each of " + std::to_string(c.n_seq_max) + " slots");
  if (!c.kv_unified) c.n_ctx = c.n_ctx_seq * c.n_seq_max;
  return {};
}

/// Rows of logits.
inline result<void> set_outputs(context_params& c, const run& r, const hparams& hp) {
  const std::uint32_t batch = asked_batch(r);
  const bool pooled = r.pooling != pooling::unspecified && r.pooling != pooling::none;
  const std::uint64_t to_check = std::uint64_t{c.n_seq_max} * (1 + drafted_tokens(r));
  c.n_outputs_max = r.n_outputs_max ? r.n_outputs_max
                                    : static_cast<std::uint32_t>(std::max<std::uint64_t>(
                                          1, std::min<std::uint64_t>(batch, to_check)));
  if (r.embeddings || pooled || c.rules.logits_of_all_tokens) c.n_outputs_max = batch;
  if (hp.has_encoder) c.n_outputs_max = c.n_batch;
  if (c.n_outputs_max <
      c.n_seq_max)  // the engine aborts when it reserves an output row per sequence
    return refused("a batch of " + std::to_string(c.n_outputs_max) +
                   " tokens (-b) is less than the " + std::to_string(c.n_seq_max) +
                   " sequences of -np");
  return {};
}

}  // namespace detail

/// The context the engine creates for a run.
///
/// Formula:  n_batch = min(n_ctx, -b) before n_ctx is padded to 256; n_ubatch = min(n_batch, -ub);
///           without a unified cache n_ctx_seq = pad256(n_ctx / n_seq_max), n_ctx = n_ctx_seq * n_seq_max
/// Errors:   invalid_argument  the engine refuses the run
/// Accuracy: exact
/// Source:   llama.cpp, src/llama-context.cpp: llama_context, llama_init_from_model
[[nodiscard]] inline result<context_params> effective_context(const run& r, const hparams& hp) {
  using detail::refused;
  context_params c;
  c.n_seq_max = sequences(r);
  if (c.n_seq_max > llama_max_seq)
    return refused("-np " + std::to_string(c.n_seq_max) + " is more than the engine's " +
                   std::to_string(llama_max_seq) + " sequences");
  if (r.n_batch == 0 && r.n_ubatch == 0) return refused("-b and -ub are both 0");
  c.n_ctx = r.n_ctx ? r.n_ctx : hp.n_ctx_train;
  if (c.n_ctx == 0) return refused("no context length: the model has none, and -c gives none");
  if (r.split_mode == split_mode::row && !r.profile.rules.row_buffers)
    return refused("-sm row: CUDA has no split buffers in this engine; builds before b9890 had");

  flash_attn fa = hp.attn.never_flash ? flash_attn::off : r.flash_attn;
  const bool is_divided = r.split_mode == split_mode::tensor;
  if (is_divided && fa == flash_attn::off)
    return refused("-sm tensor needs flash attention, which is off");
  if (fa == flash_attn::automatic && (is_divided || is_quantized(r.type_v))) fa = flash_attn::on;
  if (const auto ok = detail::check_cache_types(r, hp, fa); !ok) return ok.error();
  if (const auto ok = detail::check_index_blocks(r, hp.indexer); !ok) return ok.error();
  c.flash_attn = fa != flash_attn::off;
  c.fa_auto = fa == flash_attn::automatic;

  c.rules = r.profile.rules;
  c.n_rs_seq = hp.supports_rollback && c.rules.states_for_rollback
                   ? std::max(r.n_rs_seq, states_kept_back(r))
                   : 0;
  constexpr std::uint32_t most_kept = 4096;  // a copy of every layer's each: no graph has the room
  if (c.n_rs_seq > most_kept)
    return refused(std::to_string(c.n_rs_seq) + " drafted tokens (--spec-draft-n-max) are more " +
                   "recurrent states to keep back than the " + std::to_string(most_kept) +
                   " that a graph could have");
  c.causal_attn = hp.attn.causal;
  if (const auto ok = detail::set_sizes(c, r); !ok) return ok.error();

  c.type_k = r.type_k;
  c.type_v = r.type_v;
  c.offload_kqv = r.offload_kqv;
  c.swa_full = r.swa_full;
  c.embeddings = r.embeddings;
  c.pooling = r.pooling != pooling::unspecified ? r.pooling : hp.pooling_type;
  if (c.pooling == pooling::unspecified) c.pooling = pooling::none;
  if (const auto ok = detail::set_outputs(c, r, hp); !ok) return ok.error();
  return c;
}

}  // namespace vrambudget
