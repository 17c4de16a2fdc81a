// Llama, and what is built like it: Mistral 3 adds a temperature on Q for long contexts.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// A dense layer, or experts where the layer has a router.
inline tensor* dense_or_experts(builder& b, int il, tensor* x, const moe_options& o = {}) {
  return b.has(il, "ffn_gate_inp") ? moe_ffn(b, il, x, o) : ffn(b, il, x);
}

/// `Attention`: over a cache, or within the batch. `logits` false: the result is an embedding.
template <class Attention = attention_input, bool logits = true>
void build_llama(builder& b) {
  b.require_whole_heads();
  tensor* pos = b.positions();
  tensor* q_scale = b.hp.attn.f_temp_scale != 0.0f ? b.attention_scales() : nullptr;
  Attention attention(b);
  build_decoder(
      b, {.logits = logits},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos, b.rope_factors(il));
        if (b.hp.attn.use_kq_norm) y.q = b.rms_norm(y.q), y.k = b.rms_norm(y.k);
        if (q_scale) y.q = b.mul(y.q, q_scale);
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        return dense_or_experts(b, il, x, {.weights_scale = b.hp.moe.weights_scale});
      });
}

}  // namespace vrambudget::arch
