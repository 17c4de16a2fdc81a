// Muse Glimmer: windows in most layers, neighbours gathered into one row at the end.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/muse-glimmer.cpp
inline void build_muse_glimmer(builder& b) {
  constexpr int sees_all_every = 4;
  const std::int64_t n = b.hp.n_merge, n_tokens = (b.n_patches_x / n) * (b.n_patches_y / n);
  const auto ids = [&](const char* name) { return b.input(name, ggml_type::i32, b.n_patches); };
  tensor* columns = ids("muse_glimmer_pos_w");
  tensor* rows = ids("muse_glimmer_pos_h");
  tensor* mask = b.input("muse_glimmer_sp_mask", ggml_type::f32, b.n_patches, b.n_patches);
  tensor* x = patches(b);
  x = b.get_rows(b.add(x, resized_positions(b)), ids("muse_glimmer_sp_perm"));
  vit_options o;
  o.rotate = [&](tensor* t) { return rope_2d(b, t, columns, rows); };
  for (int il = 0; il < b.n_layer; ++il) {
    const bool sees_all = il == b.n_layer - 1 || (il + 1) % sees_all_every == 0;
    o.masks.push_back(sees_all ? nullptr : mask);
  }
  x = vit(b, x, b.n_patches, o);
  x = b.get_rows(x, ids("muse_glimmer_inv_perm"));
  x = b.get_rows(x, ids("muse_glimmer_ds_perm"));
  x = b.cont(b.permute(b.reshape(x, b.n_embd, n * n, n_tokens), {1, 0, 2, 3}));
  x = b.reshape(x, b.n_embd * n * n, n_tokens);
  for (const char* name : {"mm.0.weight", "mm.1.weight"}) x = b.gelu(b.product(b.require(name), x));
  b.finish(b.product(b.require("mm.2.weight"), x));
}

}  // namespace vrambudget::arch::encoders
