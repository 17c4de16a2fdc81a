// gpt-oss: alternating windows, attention sinks, biases everywhere, experts chosen before the softmax.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_gpt_oss(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.ffn_norm = "post_attention_norm", .rows = row_selection::before_norm},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y, {.sinks = b.weight(il, "attn_sinks")});
      },
      [&](int il, tensor* x) {
        return moe_ffn(b, il, x,
                       {.gating = gating::softmax_weight,
                        .norm_weights = false,
                        .act = activation::swiglu_oai,
                        .weights_scale = b.hp.moe.weights_scale});
      });
}

}  // namespace vrambudget::arch
