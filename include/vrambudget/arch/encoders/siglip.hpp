// SigLIP towers: Gemma 3, Idefics 3 and SmolVLM, LFM2-VL, Janus Pro, Phi-4.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {
inline tensor* siglip(builder& b, tensor* positions) {
  return vit(b, patches(b), b.n_patches, {.positions = positions});
}
}  // namespace detail

/// Averages of squares of patches.
inline void build_gemma3(builder& b) {
  tensor* x = detail::siglip(b, b.weight("v.position_embd.weight"));
  b.require_that(b.n_patches_x == b.n_patches_y, "images are square");
  x = b.cont(b.transpose(x), b.n_patches_x, b.n_patches_x, b.n_embd);
  x = b.pool_2d(x, b.hp.n_merge, {.stride = b.hp.n_merge});
  x = b.cont(b.transpose(b.reshape(x, x->ne[0] * x->ne[0], b.n_embd)));
  x = b.mul(b.rms_norm(x), b.require("mm.soft_emb_norm.weight"));
  b.finish(b.mul_mat(b.cont(b.transpose(b.require("mm.input_projection.weight"))), x));
}

inline void build_idefics3(builder& b) {
  tensor* x = detail::siglip(b, b.weight("v.position_embd.weight"));
  x = merged_patches(b, x, b.hp.n_merge);
  b.finish(b.product(b.require("mm.model.fc.weight"), x));
}

inline void build_lfm2(builder& b) {
  tensor* x = merged_patches(b, detail::siglip(b, resized_positions(b)), b.hp.n_merge);
  if (tensor* w = b.weight("mm.input_norm.weight")) x = b.mul(b.norm(x), w);
  if (tensor* bias = b.weight("mm.input_norm.bias")) x = b.add(x, bias);
  b.finish(ffn(b, two_layers(b, "mm.1", "mm.2"), x));
}

inline void build_janus_pro(builder& b) {
  tensor* x = detail::siglip(b, b.weight("v.position_embd.weight"));
  b.finish(ffn(b, two_layers(b, "mm.0", "mm.1"), x));
}

inline void build_phi4(builder& b) {
  tensor* x = detail::siglip(b, resized_positions(b));
  b.finish(ffn(b, two_layers(b, "mm.0", "mm.2"), x));
}

}  // namespace vrambudget::arch::encoders
