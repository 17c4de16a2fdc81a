// MiniMax M3: two kernels for two frames, networks before and after patches are merged.
#pragma once

#include "vrambudget/arch/encoders/blocks/frames.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/minimax-m3.cpp
inline void build_minimax_m3(builder& b) {
  b.require_that(!b.weight("v.patch_embd.bias") && !b.weight("v.class_embd"),
                 "no class token, no bias of patches");
  const std::int64_t n = b.hp.n_merge;
  tensor* x = merging_patches_of_two_frames(b, n);
  tensor* rows = b.input("minimax_pos_h", ggml_type::i32, b.n_patches);
  tensor* columns = b.input("minimax_pos_w", ggml_type::i32, b.n_patches);
  x = vit(b, x, b.n_patches, {.rotate = [&](tensor* t) { return rope_2d(b, t, rows, columns); }});
  x = ffn(b, two_layers(b, "mm.1", "mm.2"), x);
  x = b.reshape(x, x->ne[0] * n * n, b.n_patches / (n * n));
  b.finish(ffn(b, two_layers(b, "mm.merger.fc1", "mm.merger.fc2"), x));
}

}  // namespace vrambudget::arch::encoders
