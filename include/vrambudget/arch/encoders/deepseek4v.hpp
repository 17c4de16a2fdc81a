// DeepSeek V4 Flash Vision: merged patches between learned tokens, in pairs of rows.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/deepseek4v.cpp
inline void build_deepseek4v(builder& b) {
  const std::int64_t n = b.hp.n_merge;
  const auto merged = [&](std::int64_t patches) { return (patches + n - 1) / n; };
  const std::int64_t nx = merged(b.n_patches_x), ny = merged(b.n_patches_y);
  tensor* positions = b.input("positions", ggml_type::i32, b.n_patches * 4);
  tensor* x = patches(b);
  const ggml_type patch_type = x->type;
  x = vit(b, x, b.n_patches,
          {.norm = norm_kind::rms, .rotate = [&](tensor* t) { return b.rope(t, positions); }});

  x = b.cont(b.permute(b.reshape(x, b.n_embd, b.n_patches_x, b.n_patches_y), {2, 0, 1, 3}));
  const std::int64_t right = nx * n - b.n_patches_x, below = ny * n - b.n_patches_y;
  if (right || below) x = b.pad_all(x, {right, below, 0, 0});
  tensor* shape = b.view_3d(x, n, n, x->ne[2], 0, 0, 0);
  x = b.windows_2d(shape, x, {.stride = n}, patch_type);
  x = ffn(b, two_layers(b, "mm.1", "mm.2"), b.reshape(x, x->ne[0], x->ne[1] * x->ne[2]));

  for (const char* name : {"v.token_embd.img_start", "v.token_embd.img_end", "v.image_newline",
                           "v.token_embd.img_pad"})
    x = b.concat(x, b.reshape(b.require(name), x->ne[0], 1), 1);
  // a start, rows in pairs with their ends, an even number of pairs of tokens, an end
  const std::int64_t pairs = (ny + ny % 2) / 2 * (nx + 1), pads = pairs % 2 * 2;
  b.finish(b.get_rows(x, b.input("layout_idx", ggml_type::i32, 1 + 2 * pairs + pads + 1)));
}

}  // namespace vrambudget::arch::encoders
