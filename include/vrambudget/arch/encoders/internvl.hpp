// InternVL: a class token, and patches merged after the tower.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/internvl.cpp
inline void build_internvl(builder& b) {
  const std::int64_t n = b.hp.n_merge, batch = b.in.n_batch, nx = b.n_patches_x, ny = b.n_patches_y;
  tensor* x = patches(b);
  tensor* cls = b.require("v.class_embd");
  x = b.concat(x, b.repeat(cls, {cls->ne[0], 1, batch, 1}), 1);
  const bool large = b.n_embd == 3200 && b.n_layer == 45;
  x = vit(b, x, b.n_patches + 1,
          {.norm = large ? norm_kind::rms : norm_kind::layer,
           .positions = b.require("v.position_embd.weight")});
  x = b.cont(b.view_3d(x, b.n_embd, b.n_patches, batch, x->nb[1], x->nb[2], 0));
  x = b.permute(b.reshape(x, b.n_embd * n, ny / n, nx, batch), {0, 2, 1, 3});
  x = b.permute(b.cont(x, b.n_embd * n * n, ny / n, nx / n, batch), {0, 2, 1, 3});
  x = b.cont(x, b.n_embd * n * n, x->ne[1] * x->ne[2], x->ne[3]);
  x = b.norm_of(norm_kind::layer, "mm.model.mlp.0", x);
  b.finish(ffn(b, two_layers(b, "mm.model.mlp.1", "mm.model.mlp.3"), x));
}

}  // namespace vrambudget::arch::encoders
