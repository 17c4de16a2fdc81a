// Granite, and what is built like it: constants on embeddings, branches and logits, RoPE not in every
// layer, experts with a shared one. MiniCPM is the same with experts left out.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Attention of one layer, with a logit per head for nothing (a sink) where the file has them.
inline tensor* granite_attention(builder& b, attention_input& attention, int il, tensor* x,
                                 tensor* pos) {
  qkv y = project_qkv(b, il, x);
  if (b.hp.has_rope(static_cast<std::uint32_t>(il)))
    rotate_positions(b, y, pos, b.rope_factors(il));
  return attention(il, y, {.sinks = b.weight(il, "attn_sinks")});
}

/// A dense layer, or experts with or without a shared one.
inline tensor* granite_ffn(builder& b, int il, tensor* x, activation shared) {
  if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x);
  tensor* routed = moe_ffn(b, il, x, {.weights_scale = b.hp.moe.weights_scale});
  return b.hp.moe.n_ff_shexp > 0 ? b.add(routed, ffn(b, il, x, shared, shared_expert)) : routed;
}

}  // namespace detail

/// `shared`: activation of the shared expert, whose gate and up may be one matrix.
template <activation shared = activation::silu>
void build_granite(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {}, [&](int il, tensor* x) { return detail::granite_attention(b, attention, il, x, pos); },
      [&](int il, tensor* x) { return detail::granite_ffn(b, il, x, shared); });
}

}  // namespace vrambudget::arch
