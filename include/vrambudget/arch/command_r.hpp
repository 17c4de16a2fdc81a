// Cohere's Command models: attention and feed-forward side by side under one norm.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Dense, or experts beside a shared one, whose mean is taken.
inline tensor* command_ffn(builder& b, int il, tensor* x) {
  if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x);
  tensor* y = moe_ffn(b, il, x,
                      {.gating = static_cast<gating>(b.hp.moe.gating_func),
                       .norm_weights = b.hp.moe.weights_norm,
                       .weights_scale = b.hp.moe.weights_scale});
  if (!b.has(il, shared_expert.up)) return y;
  return b.scale(b.add(y, ffn(b, il, x, activation::silu, shared_expert)));
}

/// `rotates(il)`: whether a layer has RoPE.
template <class Rotates>
void build_command(builder& b, const decoder& d, Rotates&& rotates) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_parallel_decoder(
      b, d, parallel_sum::ffn_stream_attention,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y, norm_kind::layer);
        if (rotates(static_cast<std::uint32_t>(il)))
          rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) { return command_ffn(b, il, x); });
}

}  // namespace detail

inline void build_command_r(builder& b) {
  detail::build_command(b, {.norm = norm_kind::layer}, [](std::uint32_t) { return true; });
}

/// Positions only in layers with a window.
inline void build_cohere2(builder& b) {
  detail::build_command(b, {.norm = norm_kind::layer},
                        [&](std::uint32_t il) { return b.hp.is_swa(il); });
}

/// The same, with positions in the dense layers as well.
inline void build_cohere2moe(builder& b) {
  detail::build_command(
      b,
      {.norm = b.hp.rms_norm ? norm_kind::rms : norm_kind::layer,
       .rows = row_selection::after_norm},
      [&](std::uint32_t il) { return b.hp.is_swa(il) || il < b.hp.moe.n_layer_dense_lead; });
}

}  // namespace vrambudget::arch
