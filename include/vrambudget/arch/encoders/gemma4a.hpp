// Gemma 4's encoder for sound: a conformer whose attention sees blocks of frames and those before them.
#pragma once

#include "vrambudget/arch/encoders/blocks/conformer.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Blocks of `size` frames that see themselves and `past` frames more.
struct gemma4a_blocks {
  static constexpr std::int64_t size = 12, past = 12, seen = size + past;
  std::int64_t n_pos = 0;
  tensor* distances = nullptr;  ///< [n_embd, past + 1]
  tensor* mask = nullptr;       ///< [seen, size, n]
  [[nodiscard]] std::int64_t n() const { return (n_pos + size - 1) / size; }
};

/// Convolutions that leave a quarter of time and frequency. Rows [n_embd, n_pos].
inline tensor* gemma4a_stem(builder& b) {
  tensor* x = b.cont(b.transpose(b.raw_input(1)));
  for (int i = 0; i < 2; ++i) {
    const std::string name = "a.conv1d." + std::to_string(i);
    x = b.conv_2d(b.require(name + ".weight"), x, {.stride = 2, .padding = 1});
    if (tensor* bias = b.weight(name + ".bias")) x = b.add(x, bias);
    if (tensor* by = b.weight(name + ".norm.weight")) {
      x = b.norm(b.cont(b.permute(x, {1, 2, 0, 3})));
      x = b.cont(b.permute(b.mul(x, by), {2, 0, 1, 3}));
    }
    x = b.relu(x);
  }
  x = b.cont(b.permute(x, {1, 2, 0, 3}));
  return b.linear("a.input_projection", b.reshape(x, x->ne[0] * x->ne[1], x->ne[2]));
}

/// What each block sees of `x` [head, heads, n_pos]: [head, heads, seen, blocks]. Neighbours overlap.
inline tensor* gemma4a_windows(builder& b, tensor* x, const gemma4a_blocks& at) {
  constexpr std::int64_t past = gemma4a_blocks::past, seen = gemma4a_blocks::seen;
  x = b.pad_all(x, {0, 0, seen * at.n() - at.n_pos, 0});
  x = b.cont(b.roll(x, past, 2));
  const std::uint64_t step = gemma4a_blocks::size * x->nb[2];
  return b.cont(b.view_4d(x, {b.n_embd_head, b.n_head, seen, at.n()}, x->nb[1], x->nb[2], step, 0));
}

/// Scores of distances [past + 1, size, blocks, heads] as scores of what is seen.
inline tensor* gemma4a_shift(builder& b, tensor* x, const gemma4a_blocks& at) {
  constexpr std::int64_t size = gemma4a_blocks::size, seen = gemma4a_blocks::seen;
  x = b.pad(x, seen + 1 - x->ne[0]);
  x = b.reshape(x, (seen + 1) * size, at.n(), b.n_head);
  x = b.cont(b.view_3d(x, size * seen, at.n(), b.n_head, x->nb[1], x->nb[2], 0));
  return b.reshape(x, seen, size, at.n(), b.n_head);
}

inline tensor* gemma4a_attention(builder& b, int il, tensor* x, const gemma4a_blocks& at) {
  constexpr std::int64_t size = gemma4a_blocks::size;
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  const std::int64_t n = at.n(), missing = n * size - at.n_pos, width = b.n_embd_head * b.n_head;
  const auto heads = [&](const char* name) {
    return split_heads(b, b.product(b.require(named(name)), x));
  };
  const auto scaled = [&](tensor* t, const char* name) {
    t = b.scale(t);
    tensor* by = b.weight(named(name));
    return by ? b.mul(t, b.reshape(by, b.n_embd_head)) : t;
  };
  tensor* q = scaled(heads("attn_q.weight"), "per_dim_scale.weight");
  tensor* k = scaled(heads("attn_k.weight"), "per_dim_k_scale.weight");
  tensor* v = heads("attn_v.weight");
  q = b.reshape(b.pad_all(q, {0, 0, missing, 0}), b.n_embd_head, b.n_head, size, n);
  q = b.cont(b.permute(q, {0, 3, 1, 2}));
  k = b.cont(b.permute(gemma4a_windows(b, k, at), {0, 3, 1, 2}));
  v = b.cont(b.permute(gemma4a_windows(b, v, at), {1, 3, 0, 2}));

  tensor* scores = b.mul_mat(k, q);
  if (tensor* w = b.weight(named("attn_k_rel.weight"))) {
    tensor* p = split_heads(b, b.mul_mat(w, at.distances));
    p = b.cont(b.permute(p, {0, 2, 1, 3}));
    p = b.mul_mat(p, b.reshape(q, b.n_embd_head, size * n, b.n_head));
    p = b.reshape(p, p->ne[0], size, n, b.n_head);
    scores = b.add(scores, gemma4a_shift(b, p, at));
  }
  scores = b.scale(b.tanh(b.scale(scores)));
  scores = b.soft_max(b.add(scores, at.mask));
  tensor* y = b.cont(b.permute(b.mul_mat(v, scores), {0, 2, 3, 1}));
  y = b.cont(y, width, size * n);
  if (missing > 0) y = b.cont(b.view_2d(y, width, at.n_pos, y->nb[1], 0));
  y = b.linear(named("attn_out"), y);
  tensor* post = b.weight(named("attn_post_norm.weight"));
  return post ? b.norm_with(norm_kind::rms, post, nullptr, y) : y;
}

/// Files have the names of the two norms exchanged.
inline tensor* gemma4a_convolution(builder& b, int il, tensor* x) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  constexpr std::int64_t zeros = 4;
  for (const char* unused : {"norm_conv.bias", "conv_norm.bias", "conv_pw1.bias", "conv_pw2.bias"})
    b.weight(named(unused));
  x = b.norm_with(norm_kind::rms, b.weight(named("conv_norm.weight")), nullptr, x);
  x = b.product(b.require(named("conv_pw1.weight")), x);
  x = conv_over_time(b, b.require(named("conv_dw.weight")), gated_columns(b, x, true), zeros, 0);
  if (tensor* bias = b.weight(named("conv_dw.bias"))) x = b.add(x, bias);
  if (tensor* by = b.weight(named("norm_conv.weight"))) x = b.mul(b.rms_norm(x), by);
  return b.product(b.require(named("conv_pw2.weight")), b.silu(x));
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/gemma4a.cpp
inline void build_gemma4a(builder& b) {
  using blocks = detail::gemma4a_blocks;
  constexpr norm_kind kind = norm_kind::rms;
  b.clamps_products = true;
  tensor* x = detail::gemma4a_stem(b);
  blocks at{.n_pos = x->ne[1]};
  at.distances = b.input("pos_emb", ggml_type::f32, b.n_head * b.n_embd_head, blocks::past + 1);
  at.mask = b.get_graph().make_input("kq_mask", ggml_type::f32, blocks::seen, blocks::size, at.n());
  for (int il = 0; il < b.n_layer; ++il) {
    const auto norm = [&](tensor* by, tensor* t) {
      return by ? b.norm_with(kind, by, nullptr, t) : t;
    };
    b.require(b.in_layer(il, "ffn_norm.weight"));
    b.require(b.in_layer(il, "ffn_norm_1.weight"));
    x = half_step(b, il, kind, "", x, false);
    tensor* before = b.weight(b.in_layer(il, "attn_pre_norm.weight"));
    if (!before) before = b.weight(b.in_layer(il, "ln1.weight"));
    x = b.add(x, detail::gemma4a_attention(b, il, norm(before, x), at));
    if (b.weight(b.in_layer(il, "conv_norm.weight")))
      x = b.add(x, detail::gemma4a_convolution(b, il, x));
    x = half_step(b, il, kind, "_1", x, false);
    x = norm(b.weight(b.in_layer(il, "ln2.weight")), x);
  }
  if (b.weight("a.pre_encode.out.weight")) x = b.linear("a.pre_encode.out", x);
  x = b.norm_with(kind, b.weight("mm.a.soft_emb_norm.weight"), nullptr, x);
  // the engine takes the output's width from here, so that there must be one
  b.finish(b.product(b.require("mm.a.input_projection.weight"), x));
}

}  // namespace vrambudget::arch::encoders
