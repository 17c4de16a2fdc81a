// GLM-4.5 and its successors: dense layers first, then sigmoid-routed experts with a shared one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// Dense in the leading layers, then routed experts plus a shared expert, as the file's keys say.
inline tensor* experts_after_dense(builder& b, int il, tensor* x) {
  if (static_cast<std::uint32_t>(il) < b.hp.n_layer_dense_lead) return ffn(b, il, x);
  tensor* routed = moe_ffn(b, il, x,
                           {.gating = static_cast<gating>(b.hp.expert_gating_func),
                            .norm_weights = b.hp.expert_weights_norm,
                            .weights_scale = b.hp.expert_weights_scale});
  return b.add(routed, ffn(b, il, x, activation::silu, shared_expert));
}

inline void build_glm4moe(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.ffn_norm = "post_attention_norm", .keeps_hidden = true},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        if (b.has(il, "attn_q_norm")) y.q = b.rms_norm_of(il, "attn_q_norm", y.q);
        if (b.has(il, "attn_k_norm")) y.k = b.rms_norm_of(il, "attn_k_norm", y.k);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
