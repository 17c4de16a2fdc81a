// MiniMax-M2: q and k are normed over all heads at once, and every layer has experts.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_minimax_m2(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x, false);
        norm_heads(b, il, y);
        y = in_heads(b, il, y);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
