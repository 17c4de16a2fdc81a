// MiMo-V2: heads of V narrower than those of K, attention sinks, a scale on what attention gives.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_mimo2(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        tensor* out = attention(il, y, {.sinks = b.weight(il, "attn_sinks")});
        return b.hp.attn.f_value_scale != 0.0f ? b.scale(out) : out;
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
