// Nanbeige: Llama's layers run several times, with a norm in between.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_nanbeige(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

}  // namespace vrambudget::arch
