// Llama 4: patches as rows of pixels, a class token, merged patches.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/llama4.cpp
inline void build_llama4(builder& b) {
  const std::int64_t n = b.hp.n_merge, n_pos = b.n_patches + 1, size = b.hp.patch_size;
  const std::int64_t nx = b.n_patches_x / n, ny = b.n_patches_y / n;
  b.require_that(b.n_patches_x == b.n_patches_y, "images are square");
  tensor* rows = b.input("pos_h", ggml_type::i32, n_pos);
  tensor* columns = b.input("pos_w", ggml_type::i32, n_pos);
  tensor* kernel = b.require("v.patch_embd.weight");
  tensor* raw = b.raw_input();
  tensor* x =
      b.windows_2d(b.reshape(kernel, size, size, 3, b.n_embd), raw, {.stride = size}, raw->type);
  x = b.reshape(b.product(kernel, x), b.n_embd, b.n_patches);
  x = b.concat(x, b.require("v.class_embd"), 1);
  x = vit(b, x, n_pos, {.positions = b.require("v.position_embd.weight"), .rotate = [&](tensor* t) {
                          return rope_2d(b, t, columns, rows);
                        }});

  x = b.view_2d(x, b.n_embd, b.n_patches, x->nb[1], 0);
  x = b.permute(b.reshape(x, b.n_embd * n, nx, b.n_patches_y), {0, 2, 1, 3});
  x = b.cont(b.cont(x, b.n_embd * n * n, nx, ny), b.n_embd * n * n, b.n_patches / n / n);
  for (const char* name : {"mm.model.mlp.1.weight", "mm.model.mlp.2.weight"})
    x = b.gelu(b.product(b.require(name), x));
  b.finish(b.product(b.require("mm.model.fc.weight"), x));
}

}  // namespace vrambudget::arch::encoders
