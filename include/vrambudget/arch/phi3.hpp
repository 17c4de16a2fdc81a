// Phi-3 and Phi-4: fused projections, scaled queries, a gate and up in one matrix.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_phi3(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.residual_first = true},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos, b.rope_factors(il));
        y.q = b.scale(y.q);
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        if (b.has(il, "ffn_gate_inp"))
          return moe_ffn(b, il, x, {.weights_scale = b.hp.moe.weights_scale});
        return ffn(b, il, x, activation::gated_halves);
      });
}

}  // namespace vrambudget::arch
