// Dense decoders that differ from Llama in a norm, an activation, or a bias the file has.
#pragma once

#include "vrambudget/arch/blocks/plain_decoder.hpp"

namespace vrambudget::arch {

/// Baichuan, InternLM 2, PaddleOCR, openPangu, Qwen2-VL, SmolLM3, XVERSE.
inline void build_plain(builder& b) { build_dense(b); }

inline void build_qwen(builder& b) { build_dense(b, {.partial_rope = true}); }

/// ERNIE 4.5: a bias after attention is not used.
inline void build_ernie4_5(builder& b) { build_dense(b, {.attn_bias = false}); }

/// Refact: likewise, and no RoPE at all.
inline void build_refact(builder& b) { build_dense(b, {.partial_rope = true, .attn_bias = false}); }

inline void build_exaone(builder& b) { build_dense(b, {.rope_factors = true}); }

/// Arcee: squared ReLU without a gate.
inline void build_arcee(builder& b) {
  build_dense(b, {.rope_factors = true}, activation::relu_sqr);
}

/// Apertus: heads normed, an xIELU without a gate.
inline void build_apertus(builder& b) {
  build_dense(b, {.norms = head_norms::before_rope, .rope_factors = true}, activation::xielu);
}

/// Seed-OSS: the norm before feed-forward has another name.
inline void build_seed_oss(builder& b) {
  build_dense(b, {.frame = {.ffn_norm = "post_attention_norm"}});
}

/// Maincoder: heads normed after RoPE.
inline void build_maincoder(builder& b) { build_dense(b, {.norms = head_norms::after_rope}); }

/// Hunyuan, text and vision.
inline void build_hunyuan(builder& b) {
  build_dense(b, {.norms = head_norms::after_rope, .rope_factors = true});
}

/// ChatGLM: gate and up in one matrix.
inline void build_chatglm(builder& b) {
  build_dense(b, {.partial_rope = true}, activation::gated_halves);
}

/// GLM-4: the same with norms after each branch.
inline void build_glm4(builder& b) {
  build_dense(b, {.frame = {.post_norms = true, .pins_post_norm = true}, .partial_rope = true},
              activation::gated_halves);
}

/// PLaMo 3: the same with heads normed, and sliding windows.
inline void build_plamo3(builder& b) {
  build_dense(b,
              {.frame = {.post_norms = true, .pins_post_norm = true},
               .norms = head_norms::before_rope,
               .partial_rope = true},
              activation::gated_halves);
}

/// Pocket TTS: layer norms, a GELU without a gate.
inline void build_pockettts(builder& b) {
  build_dense(b, {.frame = {.norm = norm_kind::layer}}, activation::gelu);
}

}  // namespace vrambudget::arch
