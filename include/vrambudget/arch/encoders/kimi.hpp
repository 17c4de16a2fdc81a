// Kimi-VL and Kimi K2.5: position embeddings, heads rotated by rows and columns, merged patches.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Source: llama.cpp, tools/mtmd/models/kimivl.cpp, kimik25.cpp
inline void build_kimi(builder& b, tensor* learned) {
  tensor* rows = b.input("pos_h", ggml_type::i32, b.n_patches);
  tensor* columns = b.input("pos_w", ggml_type::i32, b.n_patches);
  tensor* x = vit(b, patches(b), b.n_patches, {.positions = learned, .rotate = [&](tensor* t) {
                                                 return rope_2d(b, t, columns, rows);
                                               }});
  x = merged_patches(b, x, b.hp.n_merge);
  // the norm sees patches, what follows sees merged ones
  const std::int64_t width = x->ne[0], n = x->ne[1];
  const auto rows_of = [&](tensor* t, std::int64_t ne0) {
    return b.view_2d(t, ne0, width * n / ne0,
                     row_size(t->type, static_cast<std::uint64_t>(ne0)).count, 0);
  };
  x = b.mul(b.norm(rows_of(x, b.n_embd)), b.require("mm.input_norm.weight"));
  x = rows_of(b.add(x, b.require("mm.input_norm.bias")), width);
  b.finish(ffn(b, two_layers(b, "mm.1", "mm.2"), x));
}

}  // namespace detail

inline void build_kimivl(builder& b) { detail::build_kimi(b, resized_positions(b)); }

/// Its position embeddings are a grid of rows and columns.
inline void build_kimik25(builder& b) {
  tensor* pos = b.require("v.position_embd.weight");
  if (b.n_patches_x != pos->ne[1] || b.n_patches_y != pos->ne[2]) {
    pos = b.interpolate(b.permute(pos, {2, 1, 0, 3}), b.n_patches_y, b.n_patches_x);
    pos = b.permute(pos, {2, 1, 0, 3});
  }
  detail::build_kimi(b, b.cont(pos, b.n_embd, b.n_patches));
}

}  // namespace vrambudget::arch::encoders
