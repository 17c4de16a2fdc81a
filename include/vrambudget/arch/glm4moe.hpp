// GLM-4.5 and its successors: dense layers first, then sigmoid-routed experts with a shared one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
inline tensor* glm4moe_attention(builder& b, attention_input& attention, int il, tensor* x,
                                 tensor* pos) {
  qkv y = project_qkv(b, il, x);
  if (b.has(il, "attn_q_norm")) y.q = b.rms_norm_of(il, "attn_q_norm", y.q);
  if (b.has(il, "attn_k_norm")) y.k = b.rms_norm_of(il, "attn_k_norm", y.k);
  rotate_positions(b, y, pos);
  return attention(il, y);
}
}  // namespace detail

inline void build_glm4moe(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.ffn_norm = "post_attention_norm", .keeps_hidden = true},
      [&](int il, tensor* x) { return detail::glm4moe_attention(b, attention, il, x, pos); },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
