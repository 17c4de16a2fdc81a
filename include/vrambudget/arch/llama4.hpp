// Llama 4: three chunked layers to a full one without RoPE, experts whose input is weighted.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_llama4(builder& b) {
  tensor* pos = b.positions();
  tensor* q_scale = b.attention_scales();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        if (b.hp.rotates(il)) {
          rotate_positions(b, y, pos, b.rope_factors(il));
          if (b.hp.attn.use_kq_norm) y.q = b.rms_norm(y.q), y.k = b.rms_norm(y.k);
        } else {
          y.q = b.mul(y.q, q_scale);
        }
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x);
        tensor* routed = moe_ffn(b, il, x,
                                 {.gating = gating::sigmoid,
                                  .norm_weights = false,
                                  .weights_before_ffn = true,
                                  .select_by_logits = true});
        return b.add(routed, ffn(b, il, x, activation::silu, shared_expert));
      });
}

}  // namespace vrambudget::arch
