// Qwen2 and Qwen3, dense and mixture of experts. Qwen3 norms q and k per head before RoPE.
#pragma once

#include "vrambudget/arch/llama.hpp"

namespace vrambudget::arch {

/// `Attention`: over a cache, or within the batch (Dream, LLaDA; EuroBERT, which gives no logits).
template <class Attention = attention_input, bool logits = true>
void build_qwen2(builder& b) {
  tensor* pos = b.positions();
  Attention attention(b);
  build_decoder(
      b, {.logits = logits},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

/// `Attention` likewise (RND1). `norm_weights`: expert weights sum to one (not in LLaDA MoE).
template <class Attention = attention_input, bool norm_weights = true>
void build_qwen3(builder& b) {
  tensor* pos = b.positions();
  Attention attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        return dense_or_experts(
            b, il, x, {.norm_weights = norm_weights, .weights_scale = b.hp.expert_weights_scale});
      });
}

}  // namespace vrambudget::arch
