// Parakeet, a conformer whose attention knows distances.
#pragma once

#include "vrambudget/arch/encoders/blocks/conformer.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// What attention needs besides its layer.
struct parakeet_inputs {
  tensor* mask = nullptr;       ///< [n, n]
  tensor* distances = nullptr;  ///< sines and cosines [n_embd, 2 n - 1]
};

inline parakeet_inputs make_parakeet_inputs(builder& b, std::int64_t n) {
  // beyond, positions see only near ones; the engine permutes those queries twice and aborts
  constexpr std::int64_t longest = 8192;
  b.require_that(n <= longest, "at most 65536 frames at once");
  const std::int64_t window = 2 * n - 1, half = b.n_embd / 2;
  tensor* freqs = b.input("pos_freqs", ggml_type::f32, half);
  tensor* positions = b.input("rel_positions", ggml_type::f32, 1, window);
  tensor* theta = b.mul(b.repeat(freqs, {half, window, 1, 1}), positions);
  tensor* sines = b.reshape(b.sin(theta), 1, half, window);
  tensor* cosines = b.reshape(b.cos(theta), 1, half, window);
  tensor* distances = b.reshape(b.cont(b.concat(sines, cosines, 0)), b.n_embd, window);
  return {b.input("attn_mask", ggml_type::f32, n, n), distances};
}

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

inline tensor* parakeet_attention(builder& b, int il, tensor* x, const parakeet_inputs& in) {
  const auto named = [&](const char* name) { return b.in_layer(il, name); };
  const auto heads = [&](const char* name, tensor* t) {
    return split_heads(b, b.product(b.require(named(name)), t));
  };
  const auto by_head = [&](tensor* t) { return b.permute(t, {0, 2, 1, 3}); };
  tensor *q = heads("attn_q.weight", x), *k = heads("attn_k.weight", x),
         *v = heads("attn_v.weight", x);
  tensor* p = b.cont(by_head(heads("linear_pos.weight", in.distances)));
  tensor* scores = b.mul_mat(by_head(k), by_head(b.add(q, b.require(named("pos_bias_u")))));
  p = b.mul_mat(p, b.cont(by_head(b.add(q, b.require(named("pos_bias_v"))))));
  scores = b.add(scores, parakeet_shift(b, p));
  scores = b.soft_max(b.add(b.scale(scores), in.mask));
  tensor* y = b.mul_mat(scores, b.cont(b.permute(v, {1, 2, 0, 3})));
  y = b.cont(b.permute(y, {2, 0, 1, 3}), b.n_embd, x->ne[1]);
  return b.product(b.require(named("attn_out.weight")), y);
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

/// Source: llama.cpp, tools/mtmd/models/parakeet.cpp
inline void build_parakeet(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  for (const char* of_images :
       {"mm.model.mlp.0.weight", "mm.model.mlp.1.weight", "mm.model.mlp.3.weight"})
    b.require(of_images);
  tensor* x = frames_eighth(b, false);
  const detail::parakeet_inputs in = detail::make_parakeet_inputs(b, x->ne[1]);
  for (int il = 0; il < b.n_layer; ++il) {
    x = conformer_layer(
        b, il, kind, x, [&](tensor* y) { return detail::parakeet_attention(b, il, y, in); },
        [&](tensor* y) { return detail::parakeet_convolution(b, il, y); }, false);
  }
  x = b.mul(b.rms_norm(x), b.require("mm.a.norm_pre.weight"));
  ffn_weights w;
  w.up = b.require("mm.a.mlp.1.weight");
  w.down = b.require("mm.a.mlp.2.weight");
  b.finish(ffn(b, w, x, true));
}

}  // namespace vrambudget::arch::encoders
