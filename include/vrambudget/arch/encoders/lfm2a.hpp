// LFM2-Audio's encoder: a conformer whose attention knows distances.
#pragma once

#include "vrambudget/arch/encoders/blocks/conformer.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Scores of distances, [2 n - 1, n, heads], as scores of positions: each row moves by one place more
/// than the row before.
inline tensor* lfm2a_shift(builder& b, tensor* x) {
  const std::int64_t distances = x->ne[0], n = x->ne[1], heads = x->ne[2];
  x = b.roll(b.pad(x, 1), 1);
  x = b.reshape(x, n, distances + 1, heads);
  x = b.view_3d(x, n, distances, heads, x->nb[1], x->nb[2],
                x->nb[0] * static_cast<std::uint64_t>(n));
  return b.cont(x, distances, n, heads);
}

inline tensor* lfm2a_attention(builder& b, int il, tensor* x, tensor* distances) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  tensor* q = split_heads(b, b.linear(named("attn_q"), x));
  tensor* by_key = b.permute(b.add(q, b.require(named("pos_bias_u"))), {0, 2, 1, 3});
  tensor* by_distance = b.permute(b.add(q, b.require(named("pos_bias_v"))), {0, 2, 1, 3});
  tensor* k = split_heads(b, b.linear(named("attn_k"), x));
  tensor* v = split_heads(b, b.linear(named("attn_v"), x));
  k = b.cont(b.permute(k, {0, 2, 1, 3}));
  v = b.cont(b.permute(v, {1, 2, 0, 3}));

  tensor* scores = b.cont(b.permute(b.mul_mat(by_key, k), {1, 0, 2, 3}));
  tensor* p = split_heads(b, b.product(b.require(named("linear_pos.weight")), distances));
  p = b.mul_mat(by_distance, b.permute(p, {0, 2, 1, 3}));
  p = lfm2a_shift(b, b.cont(b.permute(p, {1, 0, 2, 3})));
  p = b.view_3d(p, scores->ne[0], p->ne[1], p->ne[2], p->nb[1], p->nb[2], 0);
  scores = b.soft_max(b.scale(b.add(scores, p)));

  tensor* y = b.permute(b.mul_mat(scores, v), {2, 0, 1, 3});
  y = b.cont(y, y->ne[0] * y->ne[1], y->ne[2]);
  return b.linear(named("attn_out"), y);
}

inline tensor* lfm2a_convolution(builder& b, int il, tensor* x) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  constexpr std::int64_t zeros = 4;
  x = gated_columns(b, b.linear(named("conv_pw1"), x));
  x = conv_over_time(b, b.require(named("conv_dw.weight")), x, zeros, zeros);
  x = b.add(x, b.require(named("conv_dw.bias")));
  x = b.mul(x, b.require(named("conv_norm.weight")));
  x = b.silu(b.add(x, b.require(named("conv_norm.bias"))));
  return b.linear(named("conv_pw2"), x);
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/conformer.cpp
inline void build_lfm2a(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  constexpr std::int64_t width = 512;
  const auto half = [](std::int64_t n) { return (n + 1) / 2; };
  // embeddings of sound that the text model speaks, which are as wide as it is; read under this name only
  // for their shape
  const tensor* spoken = b.require("a.position_embd.weight");
  b.require_that(spoken->ne[1] >= b.in.nx / 2, "no more frames than twice the positions");
  b.reported_width = spoken->ne[0];
  tensor* distances = b.input("pos_emb", ggml_type::f32, width, half(half(half(b.in.nx))) * 2 - 1);
  b.expand(distances);

  tensor* x = frames_eighth(b, true);
  for (int il = 0; il < b.n_layer; ++il) {
    x = conformer_layer(
        b, il, kind, x, [&](tensor* y) { return detail::lfm2a_attention(b, il, y, distances); },
        [&](tensor* y) { return detail::lfm2a_convolution(b, il, y); });
  }
  x = b.norm_with(kind, b.require("mm.a.mlp.0.weight"), b.require("mm.a.mlp.0.bias"), x);
  b.finish(ffn(b, two_layers(b, "mm.a.mlp.1", "mm.a.mlp.3"), x));
}

}  // namespace vrambudget::arch::encoders
