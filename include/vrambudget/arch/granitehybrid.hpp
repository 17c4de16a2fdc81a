// Granite 4 hybrid: Granite with Mamba-2 in most layers instead of attention.
#pragma once

#include "vrambudget/arch/blocks/mamba.hpp"
#include "vrambudget/arch/granite.hpp"

namespace vrambudget::arch {

inline void build_granitehybrid(builder& b) {
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        return b.hp.is_recr(static_cast<std::uint32_t>(il))
                   ? mamba2(b, rs, il, x)
                   : detail::granite_attention(b, attention, il, x, pos);
      },
      [&](int il, tensor* x) { return detail::granite_ffn(b, il, x, activation::silu); });
}

}  // namespace vrambudget::arch
