// Multi-head latent attention (DeepSeek): K and V come from one low-rank vector per token.
#pragma once

#include "vrambudget/arch/blocks/attention.hpp"

namespace vrambudget::arch {

/// What differs between models with latent attention.
struct latent_options {
  bool flat_q = false;        ///< in absorbed form Q is not reshaped to heads
  bool rotary_first = false;  ///< decompressed K starts with what rotates instead of ending with it
  bool project = true;        ///< false: the caller applies the output projection
  bool factors = false;       ///< RoPE frequencies may have factors in the file
  bool flat_v = false;        ///< decompressed V is stored as rows of all heads
};

/// Latent attention of one layer, without positions if `pos` is null. With per-head matrices in the file K stays compressed in the cache
/// (absorbed form), else K and V are decompressed before they are stored.
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp v0.5.0, src/models/deepseek2.cpp: graph
inline tensor* latent_attention(builder& b, attention_input& attention, int il, tensor* x,
                                tensor* pos, tensor* q_scale = nullptr,
                                const latent_options& o = {}) {
  const auto l = static_cast<std::uint32_t>(il);
  const std::int64_t nt = b.ub.n_tokens, n_head = b.hp.n_head(l), rank = b.hp.n_lora_kv;
  const std::int64_t head_k = b.hp.n_embd_head_k_mla(), head_v = b.hp.n_embd_head_v_mla();
  const std::int64_t rope = b.hp.n_rot(l), nope = head_k - rope;

  tensor* q;
  if (b.has(il, "attn_q")) {
    q = b.mul_mat(b.require(il, "attn_q"), x);
  } else {
    q = b.rms_norm_of(il, "attn_q_a_norm", b.mul_mat(b.require(il, "attn_q_a"), x));
    q = b.mul_mat(b.require(il, "attn_q_b"), q);
  }
  if (!o.flat_q || !b.hp.is_mla()) q = b.reshape(q, head_k, n_head, nt);
  tensor* kv = b.mul_mat(b.require(il, "attn_kv_a_mqa"), x);
  const auto row = [](const tensor* t, std::int64_t n) {
    return row_size(t->type, static_cast<std::uint64_t>(n)).count;
  };
  tensor* latent = b.view_2d(kv, rank, nt, row(kv, rank + rope), 0);
  tensor* k_rope =
      b.view_3d(kv, rope, 1, nt, row(kv, rank + rope), row(kv, rank + rope), row(kv, rank));
  tensor* factors = o.factors ? b.rope_factors(il) : nullptr;
  const auto rotated = [&](tensor* t) { return pos ? b.rope(t, pos, factors) : t; };
  k_rope = rotated(k_rope);
  latent = b.rms_norm_of(il, "attn_kv_a_norm", latent);
  const auto scaled = [&](tensor* t) { return q_scale ? b.mul(t, q_scale) : t; };

  if (b.hp.is_mla()) {
    const auto part = [&](std::int64_t n, std::int64_t first) {
      return b.view_3d(q, n, n_head, nt, row(q, head_k), row(q, head_k * n_head), row(q, first));
    };
    tensor* q_nope = part(nope, 0);
    tensor* q_rope = rotated(part(rope, nope));
    tensor* absorbed = b.mul_mat(b.require(il, "attn_k_b"), b.permute(q_nope, {0, 2, 1, 3}));
    q = b.concat(b.permute(absorbed, {0, 2, 1, 3}), q_rope, 0);
    latent = b.reshape(latent, rank, 1, nt);
    tensor* k = b.concat(latent, k_rope, 0);
    return attention.k_only(il, {scaled(q), k, latent}, rank,
                            {.project = o.project, .v_decompress = b.require(il, "attn_v_b")});
  }

  tensor* both = b.mul_mat(b.require(il, "attn_kv_b"), latent);
  const std::uint64_t head_row = row(both, nope + head_v),
                      token_row = head_row * static_cast<std::uint64_t>(n_head);
  tensor* k_nope = b.view_3d(both, nope, n_head, nt, head_row, token_row, 0);
  tensor* v = b.cont(b.view_3d(both, head_v, n_head, nt, head_row, token_row, row(both, nope)));
  if (o.flat_v) v = b.view_2d(v, head_v * n_head, nt, row(v, head_v * n_head), 0);
  tensor* of_heads = b.repeat(k_rope, {rope, n_head, nt, 1});
  tensor* k = o.rotary_first ? b.concat(of_heads, k_nope, 0) : b.concat(k_nope, of_heads, 0);
  return attention(il, {scaled(rotated(q)), k, v}, {.project = o.project});
}

}  // namespace vrambudget::arch
