// GPT-2 and what is built like it: layer norms with biases, and a feed-forward layer that is plain more
// often than gated. Positions are learned, rotated, or (ALiBi) a slope on the scores.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
/// Positions by a table, where `d` says so, or by ALiBi.
inline void build_gpt(builder& b, decoder d, activation act) {
  d.norm = norm_kind::layer;
  attention_input attention(b);
  build_decoder(
      b, d,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        y.q = norm_across_heads(b, il, "attn_q_norm", y.q);
        y.k = norm_across_heads(b, il, "attn_k_norm", y.k);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, act); });
}

/// Positions by RoPE.
inline void build_rotated_gpt(builder& b, activation act) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.norm = norm_kind::layer, .shared_norm = true},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y, norm_kind::layer);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, act); });
}
}  // namespace detail

/// Also StarCoder.
inline void build_gpt2(builder& b) {
  detail::build_gpt(b, {.learned_positions = true}, activation::gelu);
}
inline void build_bloom(builder& b) { detail::build_gpt(b, {.embd_norm = true}, activation::gelu); }
/// MPT has a table of positions or ALiBi.
inline void build_mpt(builder& b) {
  detail::build_gpt(b, {.learned_positions = b.has(-1, "position_embd")}, activation::gelu);
}
inline void build_jais(builder& b) { detail::build_gpt(b, {}, activation::silu); }

/// Also CodeShell.
inline void build_starcoder2(builder& b) { detail::build_rotated_gpt(b, activation::gelu); }
/// Also Jais 2.
inline void build_nemotron(builder& b) { detail::build_rotated_gpt(b, activation::relu_sqr); }
/// Also Orion. StableLM 2 norms heads, and in its largest model feed-forward shares attention's norm.
inline void build_stablelm(builder& b) { detail::build_rotated_gpt(b, activation::silu); }

}  // namespace vrambudget::arch
