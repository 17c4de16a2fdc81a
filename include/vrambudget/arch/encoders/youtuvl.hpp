// Youtu-VL: patches as rows of pixels, windows in all layers but a few.
#pragma once

#include <algorithm>

#include "vrambudget/arch/encoders/qwen.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Pixels [3 size^2, n_patches] of patches, two by two in the order in which they will be merged.
inline tensor* pixels_in_merge_order(builder& b) {
  const std::int64_t size = b.hp.patch_size, nx = b.n_patches_x / 2, ny = b.n_patches_y / 2;
  tensor* x = b.reshape(b.raw_input(), nx * 2 * size, 2 * size, ny, 3);
  x = b.cont(b.permute(x, {1, 2, 3, 0}), 2 * size * 3, nx, 2 * size, ny);
  x = b.cont(b.permute(x, {0, 2, 1, 3}), 2 * size * 3, size, 2, ny * nx);
  x = b.cont(b.permute(x, {1, 0, 2, 3}), size, 3, size, ny * nx * 4);
  return b.cont(b.permute(x, {2, 0, 1, 3}), 3 * size * size, ny * nx * 4);
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/youtuvl.cpp
inline void build_youtuvl(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n = b.n_patches;
  const auto& full = b.hp.full_layers;
  const bool windows = !full.empty();
  b.require_that(!b.weight("v.class_embd"), "no class token");
  tensor* x = b.product(b.require("v.patch_embd.weight"), detail::pixels_in_merge_order(b));
  if (tensor* bias = b.weight("v.patch_embd.bias")) x = b.add(x, bias);
  x = b.reshape(x, b.n_embd, n);
  tensor* positions = b.input("positions", ggml_type::i32, n * 4);
  x = detail::norm_if_any(b, kind, "pre_ln", x);
  tensor* mask = nullptr;
  if (windows) {
    mask = window_mask(b);
    x = reordered(b, x, 4, b.input("inv_window_idx", ggml_type::i32, n / 4));
  }
  for (int il = 0; il < b.n_layer; ++il) {
    const bool sees_all = !windows || std::find(full.begin(), full.end(), il) != full.end();
    x = detail::qwen_layer(b, il, kind, x, positions, sees_all ? nullptr : mask);
  }
  if (windows) x = reordered(b, x, 4, b.input("window_idx", ggml_type::i32, n / 4));
  x = detail::norm_if_any(b, kind, "post_ln", x);
  x = b.norm_with(norm_kind::rms, b.require("mm.input_norm.weight"), nullptr, x);
  b.finish(ffn(b, two_layers(b, "mm.0", "mm.2"), b.reshape(x, b.n_embd * 4, n / 4)));
}

}  // namespace vrambudget::arch::encoders
