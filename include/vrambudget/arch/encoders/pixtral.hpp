// Pixtral, and Mistral Small's and LightOnOCR's variants that merge patches.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Source: llama.cpp, tools/mtmd/models/pixtral.cpp
inline tensor* pixtral(builder& b) {
  tensor* rows = b.input("pos_h", ggml_type::i32, b.n_patches);
  tensor* columns = b.input("pos_w", ggml_type::i32, b.n_patches);
  tensor* x = patches(b);
  const ggml_type patch_type = x->type;
  x = vit(b, x, b.n_patches, {.norm = norm_kind::rms, .rotate = [&](tensor* t) {
                                return rope_2d(b, t, rows, columns);
                              }});
  if (tensor* merger = b.weight("mm.patch_merger.weight")) {
    x = b.mul(b.rms_norm(x), b.require("mm.input_norm.weight"));
    x = b.reshape(x, b.n_embd, b.n_patches_x, b.n_patches_y);
    x = b.cont(b.permute(x, {2, 0, 1, 3}));
    tensor* shape = b.view_3d(x, b.hp.n_merge, b.hp.n_merge, x->ne[2], 0, 0, 0);
    x = b.windows_2d(shape, x, {.stride = b.hp.n_merge}, patch_type);
    x = b.product(merger, b.reshape(x, x->ne[0], x->ne[1] * x->ne[2]));
  }
  return ffn(b, two_layers(b, "mm.1", "mm.2"), x);
}

}  // namespace detail

/// With a token at the end of each row of patches, but the last.
inline void build_pixtral(builder& b) {
  tensor* row_end = b.require("v.token_embd.img_break");
  b.weight("mm.input_norm.weight");
  tensor* x = detail::pixtral(b);
  const std::int64_t nx = b.n_patches_x / b.hp.n_merge, ny = b.n_patches_y / b.hp.n_merge,
                     width = x->ne[0];
  tensor* grid = b.reshape(x, width, nx, ny);
  tensor* ends = b.add(b.scale(b.get_graph().make(x->type, width, 1, ny)), row_end);
  grid = b.concat(grid, ends, 1);
  b.finish(b.view_2d(grid, width, nx * ny + ny - 1, grid->nb[1], 0));
}

inline void build_lightonocr(builder& b) {
  b.weight("mm.input_norm.weight");
  b.finish(detail::pixtral(b));
}

}  // namespace vrambudget::arch::encoders
