// Multi-head latent attention (DeepSeek): K and V come from one low-rank vector per token.
#pragma once

#include "vrambudget/arch/blocks/attention.hpp"

namespace vrambudget::arch {

/// Sizes of latent attention in one layer.
struct latent_shape {
  latent_shape(const hparams& hp, int il)
      : n_head(hp.n_head(static_cast<std::uint32_t>(il))),
        rank(hp.mla.n_lora_kv),
        head_k(hp.n_embd_head_k_mla()),
        head_v(hp.n_embd_head_v_mla()),
        rope(hp.n_rot(static_cast<std::uint32_t>(il))) {}

  std::int64_t n_head, rank, head_k, head_v, rope;
};

/// What differs between models with latent attention.
struct latent_options {
  bool flat_q = false;        ///< in absorbed form Q is not reshaped to heads
  bool rotary_first = false;  ///< decompressed K starts with what rotates instead of ending with it
  bool project = true;        ///< false: the caller applies the output projection
  bool factors = false;       ///< RoPE frequencies may have factors in the file
  bool flat_v = false;        ///< decompressed V is stored as rows of all heads
  tensor* sinks = nullptr;    ///< one logit per head
};

namespace detail {

inline std::uint64_t row_bytes(const tensor* t, std::int64_t n) {
  return row_size(t->type, static_cast<std::uint64_t>(n)).count;
}
/// Positions of what rotates; null: none.
struct rotation {
  tensor *pos, *factors = nullptr;
};
inline tensor* rope_if(builder& b, tensor* x, const rotation& r) {
  return r.pos ? b.rope(x, r.pos, r.factors) : x;
}

/// The two parts of the compressed K and V of a layer.
struct latent_kv {
  tensor *latent, *k_rope;
};
inline latent_kv compress(builder& b, int il, tensor* x, const rotation& r, const latent_shape& s) {
  const std::int64_t nt = b.ub.n_tokens;
  tensor* kv = b.plain_mul_mat(b.require(il, "attn_kv_a_mqa"), x);
  const std::uint64_t token = row_bytes(kv, s.rank + s.rope);
  tensor* latent = b.view_2d(kv, s.rank, nt, token, 0);
  tensor* k_rope = b.view_3d(kv, s.rope, 1, nt, token, token, row_bytes(kv, s.rank));
  if (b.has(il, "attn_k_norm")) k_rope = b.rms_norm_of(il, "attn_k_norm", k_rope);
  k_rope = rope_if(b, k_rope, r);
  return {b.rms_norm_of(il, "attn_kv_a_norm", latent), k_rope};
}

}  // namespace detail

/// Q, K and V in absorbed form: one KV head, V the first part of K.
///
/// Shape:    q [head_k * heads, tokens]; result's q, k [rank + rope, heads, tokens], v [rank, 1, tokens]
inline qkv absorbed_latent(builder& b, int il, tensor* x, tensor* q, const detail::rotation& r,
                           const latent_shape& s) {
  const std::int64_t nt = b.ub.n_tokens, nope = s.head_k - s.rope;
  const auto part = [&](std::int64_t n, std::int64_t first) {
    return b.view_3d(q, n, s.n_head, nt, detail::row_bytes(q, s.head_k),
                     detail::row_bytes(q, s.head_k * s.n_head), detail::row_bytes(q, first));
  };
  tensor* q_nope = part(nope, 0);
  tensor* q_rope = detail::rope_if(b, part(s.rope, nope), r);
  auto [latent, k_rope] = detail::compress(b, il, x, r, s);
  tensor* absorbed = b.plain_mul_mat(b.require(il, "attn_k_b"), b.permute(q_nope, {0, 2, 1, 3}));
  q = b.concat(b.permute(absorbed, {0, 2, 1, 3}), q_rope, 0);
  latent = b.reshape(latent, s.rank, 1, nt);
  return {q, b.concat(latent, k_rope, 0), latent};
}

/// Latent attention of one layer, without positions if `pos` is null. With per-head matrices in the
/// file K stays compressed in the cache (absorbed form), else K and V are decompressed before they are
/// stored.
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp, src/models/deepseek2.cpp: graph
inline tensor* latent_attention(builder& b, attention_input& attention, int il, tensor* x,
                                tensor* pos, tensor* q_scale = nullptr,
                                const latent_options& o = {}) {
  const latent_shape s(b.hp, il);
  const std::int64_t nt = b.ub.n_tokens, nope = s.head_k - s.rope;

  const detail::rotation r{pos, o.factors ? b.rope_factors(il) : nullptr};
  tensor* q;
  if (b.has(il, "attn_q")) {
    q = b.plain_mul_mat(b.require(il, "attn_q"), x);
  } else {
    q = b.rms_norm_of(il, "attn_q_a_norm", b.plain_mul_mat(b.require(il, "attn_q_a"), x));
    q = b.plain_mul_mat(b.require(il, "attn_q_b"), q);
  }
  if (!o.flat_q || !b.hp.is_mla()) q = b.reshape(q, s.head_k, s.n_head, nt);
  const auto scaled = [&](tensor* t) { return q_scale ? b.mul(t, q_scale) : t; };

  if (b.hp.is_mla()) {
    qkv y = absorbed_latent(b, il, x, q, r, s);
    y.q = scaled(y.q);
    return attention.k_only(
        il, y, {.project = o.project, .sinks = o.sinks, .v_decompress = b.require(il, "attn_v_b")});
  }

  auto [latent, k_rope] = detail::compress(b, il, x, r, s);
  tensor* both = b.plain_mul_mat(b.require(il, "attn_kv_b"), latent);
  const std::uint64_t head = detail::row_bytes(both, nope + s.head_v),
                      token = head * static_cast<std::uint64_t>(s.n_head);
  tensor* k_nope = b.view_3d(both, nope, s.n_head, nt, head, token, 0);
  tensor* v =
      b.cont(b.view_3d(both, s.head_v, s.n_head, nt, head, token, detail::row_bytes(both, nope)));
  if (o.flat_v)
    v = b.view_2d(v, s.head_v * s.n_head, nt, detail::row_bytes(v, s.head_v * s.n_head), 0);
  tensor* of_heads = b.repeat(k_rope, {s.rope, s.n_head, nt, 1});
  tensor* k = o.rotary_first ? b.concat(of_heads, k_nope, 0) : b.concat(k_nope, of_heads, 0);
  return attention(il, {scaled(detail::rope_if(b, q, r)), k, v}, {.project = o.project});
}

}  // namespace vrambudget::arch
