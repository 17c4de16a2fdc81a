// Jamba: Mamba layers with some attention that has no positions, dense or experts.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/mamba.hpp"
#include "vrambudget/arch/llama.hpp"

namespace vrambudget::arch {

inline void build_jamba(builder& b) {
  recurrent_input rs(b);
  attention_input attention(b);
  build_decoder(
      b, {.residual_first = true, .attn_residual_first = true},
      [&](int il, tensor* x) {
        if (b.hp.is_recr(static_cast<std::uint32_t>(il))) return mamba(b, rs, il, x);
        return attention(il, project_qkv(b, il, x));
      },
      [&](int il, tensor* x) { return dense_or_experts(b, il, x, {.norm_weights = false}); });
}

}  // namespace vrambudget::arch
