// Spark 2.5 and Muse Glimmer: windows, and a sigmoid gate on what attention gives, per head or element.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
/// Attention of one layer, gated by the layer's input `x`, projected.
inline tensor* sigmoid_gated(builder& b, attention_input& attention, int il, tensor* x,
                             const qkv& y) {
  tensor* gate = b.sigmoid(b.mul_mat(b.require(il, "attn_gate"), x));
  tensor* out = gate_heads(b, il, attention(il, y, {.project = false}), gate);
  return b.linear_without_bias(il, "attn_output", out);
}
}  // namespace detail

inline void build_spark2_5(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return detail::sigmoid_gated(b, attention, il, x, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::gelu); });
}

/// Normed embeddings, no positions in full layers, norms before and after each branch, capped logits.
inline void build_muse_glimmer(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.softcap_logits = b.hp.scale.f_final_logit_softcapping != 0.0f, .embd_norm = true},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        if (b.hp.has_rope(static_cast<std::uint32_t>(il))) rotate_positions(b, y, pos);
        return b.rms_norm_unpinned(il, "post_attention_norm",
                                   detail::sigmoid_gated(b, attention, il, x, y));
      },
      [&](int il, tensor* x) { return b.rms_norm_unpinned(il, "post_ffw_norm", ffn(b, il, x)); });
}

}  // namespace vrambudget::arch
