// GLM-4.1V, GLM-4.5V, GLM-OCR, GLM-5V: two kernels for two frames; a convolution merges patches.
#pragma once

#include "vrambudget/arch/encoders/blocks/frames.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/glm4v.cpp
inline void build_glm4v(builder& b) {
  const std::int64_t n = b.hp.n_merge, n_tokens = b.n_patches / n / n;
  b.require_that(!b.weight("v.class_embd"), "no class token");
  tensor* x = merging_patches_of_two_frames(b);
  x = b.add(x, b.require("v.patch_embd.bias"));
  if (b.type.since == 0 || b.weight("v.norm_embd.weight"))
    x = b.norm_of(norm_kind::rms, "v.norm_embd", x);
  tensor* learned = nullptr;
  if (b.weight("v.position_embd.weight")) learned = in_merge_order(b, resized_positions(b));
  tensor* positions = b.input("positions", ggml_type::i32, b.n_patches * 4);
  x = vit(b, x, b.n_patches,
          {.norm = norm_kind::rms, .positions = learned, .rotate = [&](tensor* t) {
             return b.rope(t, positions);
           }});

  x = b.cont(b.permute(b.reshape(x, b.n_embd, n, n, n_tokens), {2, 0, 1, 3}));
  x = b.conv_2d(b.require("mm.patch_merger.weight"), x, {.stride = n});
  x = b.add(b.reshape(x, x->ne[2], n_tokens), b.require("mm.patch_merger.bias"));
  x = b.product(b.require("mm.model.fc.weight"), x);
  b.require("mm.post_norm.weight");
  x = b.gelu(b.norm_of(norm_kind::layer, "mm.post_norm", x));
  ffn_weights w = two_layers(b, "mm.up", "mm.down");
  w.gate = b.require("mm.gate.weight");
  w.gate_b = b.weight("mm.gate.bias");
  b.finish(ffn(b, w, x));
}

}  // namespace vrambudget::arch::encoders
