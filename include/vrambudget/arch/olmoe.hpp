// OLMoE: q and k normed over all heads at once, experts whose weights need not sum to one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_olmoe(builder& b) {
  b.require_whole_heads();
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
      [&](int il, tensor* x) { return moe_ffn(b, il, x, {.norm_weights = false}); });
}

}  // namespace vrambudget::arch
