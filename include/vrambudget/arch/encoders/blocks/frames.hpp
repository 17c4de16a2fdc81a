// Patches of encoders made for films: two kernels, for two frames.
#pragma once

#include <cstdint>

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

/// Patches from two kernels, for two frames of a film; an image is both.
/// Source: llama.cpp, tools/mtmd/models/qwen2vl.cpp: build_inp_with_temporal_merge
inline tensor* patches_of_two_frames(builder& b, std::int64_t n = 2) {
  const std::int64_t side = n * std::int64_t{b.hp.patch_size};
  b.require_that(b.in.nx % side == 0 && b.in.ny % side == 0, "images are whole merged patches");
  b.require_that(b.in.n_batch <= 2, "one image, or two frames");
  tensor* raw = b.raw_input();
  tensor *first = raw, *second = raw;
  if (b.in.n_batch == 2) {
    const std::uint64_t frame = raw->nb[3];
    first = b.view_3d(raw, b.in.nx, b.in.ny, 3, raw->nb[1], raw->nb[2], 0);
    second = b.view_3d(raw, b.in.nx, b.in.ny, 3, raw->nb[1], raw->nb[2], frame);
  }
  const ggml::window by_patch{.stride = b.hp.patch_size};
  tensor* x = b.conv_2d(b.require("v.patch_embd.weight"), first, by_patch);
  return b.add(x, b.conv_2d(b.require("v.patch_embd.weight.1"), second, by_patch));
}

/// Rows [n_embd, n_patches] in the order in which `n` by `n` will be merged, of a grid of rows
/// [n n_embd, n_patches_x / n, n_patches_y].
inline tensor* in_merge_order(builder& b, tensor* grid, std::int64_t n = 2) {
  const std::int64_t nx = b.n_patches_x, ny = b.n_patches_y;
  b.require_that(n > 0, "patches are merged");
  if (n < 1) return grid;
  tensor* x = b.cont(grid, b.n_embd * n, nx / n, ny);
  x = b.permute(b.reshape(x, b.n_embd * n, nx / n, n, ny / n), {0, 2, 1, 3});
  return b.cont(x, b.n_embd, nx * ny);
}

/// Both: patches of two frames, in the order in which `n` by `n` will be merged.
inline tensor* merging_patches_of_two_frames(builder& b, std::int64_t n = 2) {
  return in_merge_order(b, b.permute(patches_of_two_frames(b, n), {1, 2, 0, 3}), n);
}

}  // namespace vrambudget::arch::encoders
