// Qwen2 and Qwen3, dense, mixture of experts, and vision. Qwen3 norms q and k per head before RoPE.
#pragma once

#include "vrambudget/arch/blocks/plain_decoder.hpp"
#include "vrambudget/arch/llama.hpp"

namespace vrambudget::arch {

/// `Attention`: over a cache, or within the batch (Dream, LLaDA; EuroBERT, which gives no logits).
template <class Attention = attention_input, bool logits = true>
void build_qwen2(builder& b) {
  build_dense<Attention>(b, {.frame = {.logits = logits}});
}

/// `Attention` likewise (RND1). `norm_weights`: expert weights sum to one (not in LLaDA MoE).
template <class Attention = attention_input, bool norm_weights = true>
void build_qwen3(builder& b) {
  build_plain_decoder<Attention>(b, {.norms = head_norms::before_rope}, [&](int il, tensor* x) {
    return dense_or_experts(
        b, il, x, {.norm_weights = norm_weights, .weights_scale = b.hp.moe.weights_scale});
  });
}

/// Qwen2 MoE: a shared expert behind a sigmoid written as silu(x) / x.
inline void build_qwen2moe(builder& b) {
  build_plain_decoder(b, {}, [&](int il, tensor* x) {
    tensor* routed = moe_ffn(b, il, x, {.norm_weights = false});
    tensor* gate = b.linear_without_bias(il, "ffn_gate_inp_shexp", x);
    gate = b.div(b.silu(gate), gate);
    return b.add(routed, b.mul(ffn(b, il, x, activation::silu, shared_expert), gate));
  });
}

/// Qwen3-VL and Qwen3-TTS: vision features enter the first layers too. Talkers' output matrices cover
/// the end of the vocabulary only.
inline void build_qwen3vl(builder& b) {
  build_dense(b, {.frame = {.pads_logits = true}, .norms = head_norms::before_rope});
}
inline void build_qwen3vlmoe(builder& b) {
  build_plain_decoder(b, {.norms = head_norms::before_rope},
                      [&](int il, tensor* x) { return moe_ffn(b, il, x); });
}

}  // namespace vrambudget::arch
