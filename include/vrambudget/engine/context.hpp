// The parameters of a context as the engine has them, and what it takes where a run does not say.
#pragma once

#include <cstdint>

#include "vrambudget/engine/run.hpp"

namespace vrambudget {

/// What a context is for: the whole model, or only its NextN layers as a draft of itself.
enum class context_kind : std::uint8_t { model, mtp };

/// Operations that a graph uses whole as long as they can run where their layer lies.
struct fused_ops {
  bool hc_pre = true, hc_comb = true, hc_post = true;
};

/// Effective parameters of one context.
struct context_params {
  context_kind kind = context_kind::model;
  std::uint32_t n_ctx = 0;          ///< cells over all sequences
  std::uint32_t n_ctx_seq = 0;      ///< cells one sequence can use
  std::uint32_t n_batch = 0;        ///< tokens of one decode call
  std::uint32_t n_ubatch = 0;       ///< tokens of one graph
  std::uint32_t n_seq_max = 1;      ///< sequences
  std::uint32_t n_rs_seq = 0;       ///< recurrent states kept back per sequence
  std::uint32_t n_outputs_max = 1;  ///< rows of logits
  bool kv_unified = false;
  bool flash_attn = true;   ///< automatic counts as on until it is probed
  bool fa_auto = false;     ///< still to be probed
  fused_ops fused;          ///< probed with the first graphs
  std::uint32_t n_pos = 0;  ///< positions that the cache shows to graphs which ask for them
  ggml_type type_k = ggml_type::f16;
  ggml_type type_v = ggml_type::f16;
  bool offload_kqv = true;
  bool swa_full = false;
  bool embeddings = false;
  bool causal_attn = true;
  bool pipeline_parallel =
      true;  ///< where devices and placement allow; off: buffers did not fit so
  enum pooling pooling = pooling::none;
  /// Sized by the engine without being made, as its fitting does: of the prompt's graph alone, in which no
  /// node is tied to its layer's device.
  bool projected = false;
  engine_rules rules;  ///< of the build that runs it
};

/// Sequences of a run: llama-server takes four if `-np` does not say.
[[nodiscard]] inline std::uint32_t sequences(const run& r) {
  return r.n_parallel ? r.n_parallel : r.profile.rules.four_slots ? 4 : 1;
}
/// Whether all sequences share one cache: llama-server's choice if `-np` does not say.
[[nodiscard]] inline bool unified(const run& r) {
  return r.kv_unified.value_or(r.n_parallel == 0 && r.profile.rules.four_slots);
}

}  // namespace vrambudget
