// Parakeet, a conformer whose attention knows distances and sees only near frames of long sound.
#pragma once

#include "vrambudget/arch/encoders/blocks/conformer.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// What attention sees of `n` positions.
struct parakeet_span {
  static constexpr std::int64_t longest = 8192;  ///< of which each position sees all
  static constexpr std::int64_t near = 128;      ///< positions before and after, of more than that
  std::int64_t n = 0;
  tensor* mask = nullptr;
  tensor* band = nullptr;       ///< of near positions: what a group of queries sees
  tensor* distances = nullptr;  ///< [n_embd, window]
  [[nodiscard]] bool all() const { return n <= longest; }
  [[nodiscard]] std::int64_t window() const { return all() ? 2 * n - 1 : 2 * near + 1; }
  [[nodiscard]] std::int64_t group() const { return 2 * near; }
  [[nodiscard]] std::int64_t n_groups() const { return (n + group() - 1) / group(); }
  [[nodiscard]] std::int64_t padded() const { return n_groups() * group(); }
  [[nodiscard]] std::int64_t seen() const { return group() + window() - 1; }  ///< by a group
};

/// Masks, and sines and cosines of distances.
inline parakeet_span parakeet_inputs(builder& b, std::int64_t n) {
  parakeet_span at{.n = n};
  const std::int64_t window = at.window(), half = b.n_embd / 2;
  at.mask = b.input("attn_mask", ggml_type::f32, at.all() ? n : window, n);
  if (!at.all()) at.band = b.input("local_mask", ggml_type::f32, at.seen(), at.group());
  tensor* freqs = b.input("pos_freqs", ggml_type::f32, half);
  tensor* positions = b.input("rel_positions", ggml_type::f32, 1, window);
  tensor* theta = b.mul(b.repeat(freqs, {half, window, 1, 1}), positions);
  tensor* sines = b.reshape(b.sin(theta), 1, half, window);
  tensor* cosines = b.reshape(b.cos(theta), 1, half, window);
  at.distances = b.reshape(b.cont(b.concat(sines, cosines, 0)), b.n_embd, window);
  return at;
}

/// Queries, keys, values [head, heads, n], and distances [head, window, heads].
struct parakeet_heads {
  tensor *q, *k, *v, *p;
};

/// Scores of distances [window, n, heads] as scores of positions [n, n, heads].
inline tensor* parakeet_shift(builder& b, tensor* x) {
  const std::int64_t window = x->ne[0], n = x->ne[1], heads = x->ne[2];
  x = b.roll(b.pad(x, 1), 1);
  x = b.cont(b.reshape(x, n, window + 1, heads));
  const std::uint64_t row = static_cast<std::uint64_t>(window) * element_size(*x);
  const std::uint64_t center = static_cast<std::uint64_t>(window / 2 + 1) * element_size(*x);
  x = b.cont(b.view_3d(x, n, window, heads, row, x->nb[2], center));
  return b.cont(b.view_3d(x, n, n, heads, x->nb[1], x->nb[2], 0));
}

inline tensor* parakeet_sees_all(builder& b, int il, const parakeet_heads& h,
                                 const parakeet_span& at) {
  tensor* q = b.add(h.q, b.require(b.in_layer(il, "pos_bias_u")));
  tensor* scores = b.mul_mat(b.permute(h.k, {0, 2, 1, 3}), b.permute(q, {0, 2, 1, 3}));
  q = b.add(h.q, b.require(b.in_layer(il, "pos_bias_v")));
  tensor* far = b.mul_mat(h.p, b.cont(b.permute(q, {0, 2, 1, 3})));
  scores = b.add(scores, parakeet_shift(b, far));
  scores = b.soft_max(b.add(b.scale(scores), at.mask));
  tensor* y = b.mul_mat(scores, b.cont(b.permute(h.v, {1, 2, 0, 3})));
  return b.cont(b.permute(y, {2, 0, 1, 3}), b.n_embd, at.n);
}

/// In groups of queries; neighbouring groups see some positions in common.
inline tensor* parakeet_sees_near(builder& b, int il, const parakeet_heads& h,
                                  const parakeet_span& at) {
  constexpr std::int64_t near = parakeet_span::near;
  const std::int64_t head = b.n_embd_head, n_head = b.n_head, missing = at.padded() - at.n;
  const auto bias = [&](const char* name) {
    return b.reshape(b.require(b.in_layer(il, name)), head, 1, n_head);
  };
  const auto by_head = [&](tensor* t) { return b.cont(b.permute(t, {0, 2, 1, 3})); };
  const auto filled = [&](tensor* t) { return missing > 0 ? b.pad_all(t, {0, missing, 0, 0}) : t; };
  const auto with_ends = [&](tensor* t) {
    t = b.pad_all(t, {0, near, 0, 0}, {0, near});
    const std::int64_t more = at.seen() * at.n_groups() - t->ne[1];
    return more > 0 ? b.pad_all(t, {0, more, 0, 0}) : t;
  };
  const auto step = static_cast<std::uint64_t>(at.group());
  tensor *q = by_head(h.q), *k = by_head(h.k), *v = by_head(h.v);
  tensor* by_key = b.add(q, bias("pos_bias_u"));
  tensor* by_distance = b.add(q, bias("pos_bias_v"));
  by_key = b.reshape(filled(by_key), head, at.group(), at.n_groups(), n_head);
  k = with_ends(k);
  k = b.cont(b.view_4d(k, {head, at.seen(), at.n_groups(), n_head}, k->nb[1], step * k->nb[1],
                       k->nb[2], 0));
  tensor* scores = b.mul_mat(k, by_key);
  scores = b.cont(b.view_4d(scores, {at.window(), at.group(), at.n_groups(), n_head},
                            static_cast<std::uint64_t>(at.group() + at.window()) * scores->nb[0],
                            scores->nb[2], scores->nb[3], 0));
  scores = b.reshape(scores, at.window(), at.padded(), n_head);
  if (missing > 0)
    scores = b.view_3d(scores, at.window(), at.n, n_head, scores->nb[1], scores->nb[2], 0);
  // permuted twice: these queries are by head already
  scores = b.add(scores, b.mul_mat(h.p, by_head(by_distance)));
  scores = b.soft_max(scores, at.mask);
  scores = b.reshape(filled(scores), at.window(), at.group(), at.n_groups(), n_head);
  scores = b.pad(scores, at.group());
  scores = b.cont(b.view_4d(scores, {at.seen(), at.group(), at.n_groups(), n_head},
                            static_cast<std::uint64_t>(at.seen()) * scores->nb[0], scores->nb[2],
                            scores->nb[3], 0));
  scores = b.mul(scores, at.band);
  v = b.cont(b.transpose(with_ends(v)));
  v = b.cont(b.view_4d(v, {at.seen(), head, at.n_groups(), n_head}, v->nb[1], step * v->nb[0],
                       v->nb[2], 0));
  tensor* y = b.reshape(b.mul_mat(v, scores), head, at.padded(), n_head);
  if (missing > 0) y = b.view_3d(y, head, at.n, n_head, y->nb[1], y->nb[2], 0);
  return b.reshape(by_head(y), b.n_embd, at.n);
}

inline tensor* parakeet_attention(builder& b, int il, tensor* x, const parakeet_span& at) {
  const auto heads = [&](const char* name, tensor* t) {
    return split_heads(b, b.product(b.require(b.in_layer(il, name)), t));
  };
  parakeet_heads h{heads("attn_q.weight", x), heads("attn_k.weight", x), heads("attn_v.weight", x),
                   heads("linear_pos.weight", at.distances)};
  h.p = b.cont(b.permute(h.p, {0, 2, 1, 3}));
  tensor* y = at.all() ? parakeet_sees_all(b, il, h, at) : parakeet_sees_near(b, il, h, at);
  return b.product(b.require(b.in_layer(il, "attn_out.weight")), y);
}

/// The norm of what is convolved is one of averages that the file knows.
inline tensor* parakeet_convolution(builder& b, int il, tensor* x) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  const std::int64_t zeros = (std::int64_t{b.hp.conv_kernel_size} - 1) / 2;
  for (const char* unused : {"conv_pw1.bias", "conv_dw.bias", "conv_pw2.bias"})
    b.weight(named(unused));
  x = gated_columns(b, b.product(b.require(named("conv_pw1.weight")), x));
  x = conv_over_time(b, b.require(named("conv_dw.weight")), x, zeros, zeros);
  x = b.sub(x, b.require(named("conv_norm_mean")));
  x = b.div(x, b.sqrt(b.require(named("conv_norm_var"))));
  x = b.mul(x, b.require(named("conv_norm.weight")));
  x = b.silu(b.add(x, b.require(named("conv_norm.bias"))));
  return b.product(b.require(named("conv_pw2.weight")), x);
}

}  // namespace detail

/// Source: llama.cpp v0.5.0, tools/mtmd/models/parakeet.cpp
inline void build_parakeet(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  for (const char* of_images :
       {"mm.model.mlp.0.weight", "mm.model.mlp.1.weight", "mm.model.mlp.3.weight"})
    b.require(of_images);
  tensor* x = frames_eighth(b, false);
  const detail::parakeet_span at = detail::parakeet_inputs(b, x->ne[1]);
  for (int il = 0; il < b.n_layer; ++il) {
    const auto norm = [&](const char* name, tensor* t) {
      return b.norm_of(kind, b.in_layer(il, name), t);
    };
    x = half_step(b, il, kind, "", x, false);
    x = b.add(x, detail::parakeet_attention(b, il, norm("ln1", x), at));
    x = b.add(x, detail::parakeet_convolution(b, il, norm("norm_conv", x)));
    x = half_step(b, il, kind, "_1", x, false);
    x = norm("ln2", x);
  }
  x = b.mul(b.rms_norm(x), b.require("mm.a.norm_pre.weight"));
  ffn_weights w;
  w.up = b.require("mm.a.mlp.1.weight");
  w.down = b.require("mm.a.mlp.2.weight");
  b.finish(ffn(b, w, x, true));
}

}  // namespace vrambudget::arch::encoders
