// Decoders with windows and experts whose attention output is gated: AFMoE (Trinity), Laguna, Step 3.5.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// A gate per element, no RoPE in full layers, and norms before and after each branch.
inline void build_afmoe(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.embd_scale = embedding_scale::all},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        tensor* gate = b.mul_mat(b.require(il, "attn_gate"), x);
        norm_heads(b, il, y);
        if (b.hp.rotates(il)) rotate_positions(b, y, pos);
        tensor* out = gate_heads(b, il, attention(il, y, {.project = false}), b.sigmoid(gate));
        return b.rms_norm_of(il, "post_attention_norm",
                             b.linear_without_bias(il, "attn_output", out));
      },
      [&](int il, tensor* x) {
        return b.rms_norm_of(il, "post_ffw_norm", experts_after_dense(b, il, x));
      });
}

/// A softplus gate per head or per element, and another number of heads in layers with a window.
inline void build_laguna(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        tensor* gate = b.mul_mat(b.require(il, "attn_gate"), x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        tensor* out = gate_heads(b, il, attention(il, y, {.project = false}), b.softplus(gate));
        return b.linear_without_bias(il, "attn_output", out);
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

namespace detail {
inline tensor* step35_attention(builder& b, attention_input& attention, int il, tensor* x,
                                tensor* pos) {
  const auto l = static_cast<std::uint32_t>(il);
  qkv y = in_heads(b, il, project_qkv(b, il, x, false));
  norm_heads(b, il, y);
  rotate_positions(b, y, pos, b.hp.is_swa(l) ? nullptr : b.rope_factors(il));
  tensor* out = attention(il, y, {.project = false});
  if (tensor* w = b.weight(il, "attn_gate"))
    out = gate_heads(b, il, out, b.sigmoid(b.mul_mat(w, x)));
  return b.linear_without_bias(il, "attn_output", out);
}
}  // namespace detail

/// A sigmoid gate per head, rows picked late, and clamped experts in some layers.
inline void build_step35(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.rows = row_selection::before_norm},
      [&](int il, tensor* x) { return detail::step35_attention(b, attention, il, x, pos); },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
