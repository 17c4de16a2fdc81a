// Step3-VL: two convolutions merge patches.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/step3vl.cpp
inline void build_step3vl(builder& b) {
  b.require_that(!b.weight("v.class_embd"), "no class token");
  tensor* rows = b.input("pos_h", ggml_type::i32, b.n_patches);
  tensor* columns = b.input("pos_w", ggml_type::i32, b.n_patches);
  tensor* x = patches(b);
  x = vit(b, x, b.n_patches, {.positions = resized_positions(b), .rotate = [&](tensor* t) {
                                return rope_2d(b, t, columns, rows);
                              }});
  x = b.cont(b.permute(x, {1, 0, 2, 3}), b.n_patches_x, b.n_patches_y, b.n_embd);
  for (const std::string name : {"mm.0", "mm.1"}) {
    x = b.conv_2d(b.require(name + ".weight"), x, {.stride = 2, .padding = 1});
    tensor* bias = b.weight(name + ".bias");
    if (!bias) continue;
    const std::int64_t nx = x->ne[0], ny = x->ne[1], channels = x->ne[2];
    x = b.add(b.cont(b.transpose(b.reshape(x, nx * ny, channels))), bias);
    x = b.reshape(b.cont(b.transpose(x)), nx, ny, channels);
  }
  x = b.reshape(x, x->ne[0] * x->ne[1], x->ne[2], x->ne[3]);
  x = b.cont(b.permute(x, {1, 0, 2, 3}));
  b.finish(b.mul_mat(b.require("mm.model.fc.weight"), x));
}

}  // namespace vrambudget::arch::encoders
