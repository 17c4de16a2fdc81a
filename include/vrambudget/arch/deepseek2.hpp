// DeepSeek V2 and V3, Kimi K2 and relatives: latent attention, dense layers first, then experts.
#pragma once

#include "vrambudget/arch/blocks/mla.hpp"
#include "vrambudget/arch/glm4moe.hpp"

namespace vrambudget::arch {

/// `f32_down`: experts whose hidden state can exceed the range of f16 (Mistral 4).
template <bool f32_down = false>
void build_deepseek2(builder& b) {
  b.adapts_output = false;
  tensor* q_scale = b.hp.attn.f_temp_scale != 0.0f ? b.attention_scales() : nullptr;
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.keeps_hidden = true},
      [&](int il, tensor* x) { return latent_attention(b, attention, il, x, pos, q_scale); },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x, {.f32_down = f32_down}); });
}

}  // namespace vrambudget::arch
