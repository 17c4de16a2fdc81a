// Gemma 4: a tower whose patches are averaged, and the unified variant, which has no tower at all.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Columns and rows of patches.
struct patch_places {
  tensor *x = nullptr, *y = nullptr;
};
inline patch_places places_of_patches(builder& b) {
  return {b.input("pos_x", ggml_type::i32, b.n_patches),
          b.input("pos_y", ggml_type::i32, b.n_patches)};
}

/// Adds embeddings of columns and of rows, from the two halves of one table.
inline tensor* add_places(builder& b, tensor* x, const patch_places& at) {
  tensor* table = b.require("v.position_embd.weight");
  b.require_that(table->ne[2] == 2, "position embeddings are of columns and of rows");
  const auto half = [&](std::uint64_t n) {
    return b.view_2d(table, b.n_embd, table->ne[1], table->nb[1],
                     n * table->nb[1] * static_cast<std::uint64_t>(table->ne[1]));
  };
  if (table->ne[2] != 2) return x;
  x = b.add(x, b.get_rows(half(0), at.x));
  return b.add(x, b.get_rows(half(1), at.y));
}

inline tensor* gemma4_projection(builder& b, const char* name, tensor* x) {
  return b.product(b.require(name), b.rms_norm(x));
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/gemma4v.cpp
inline void build_gemma4v(builder& b) {
  b.clamps_products = true;
  const std::int64_t n = b.hp.n_merge, batch = b.in.n_batch;
  const detail::patch_places at = detail::places_of_patches(b);
  tensor* x = b.conv_2d(b.require("v.patch_embd.weight"), b.scale(b.raw_input()),
                        {.stride = b.hp.patch_size});
  x = b.cont(b.transpose(b.reshape(x, b.n_patches, b.n_embd, batch)));
  x = vit(b, detail::add_places(b, x, at), b.n_patches,
          {.norm = norm_kind::rms,
           .rotate = [&](tensor* t) { return rope_2d(b, t, at.x, at.y); },
           .normed_values = true});
  x = b.cont(b.transpose(x), b.n_patches_x, b.n_patches_y, b.n_embd, batch);
  x = b.pool_2d(x, n, {.stride = n});
  x = b.cont(b.transpose(b.reshape(x, x->ne[0] * x->ne[1], b.n_embd, batch)));
  x = b.scale(x);
  tensor *bias = b.weight("v.std_bias"), *scale = b.weight("v.std_scale");
  if (bias && scale) x = b.mul(b.sub(x, bias), scale);
  b.finish(detail::gemma4_projection(b, "mm.input_projection.weight", x));
}

/// Source: llama.cpp, tools/mtmd/models/gemma4uv.cpp
inline void build_gemma4uv(builder& b) {
  const std::int64_t side = b.hp.patch_size;
  const auto norm = [&](const char* name, tensor* t) {
    b.require(std::string(name) + ".weight");
    return b.norm_of(norm_kind::layer, name, t);
  };
  const detail::patch_places at = detail::places_of_patches(b);
  tensor* shape = b.get_graph().make(ggml_type::f32, side, side, 3);
  tensor* x = b.windows_2d(shape, b.raw_input(), {.stride = side}, ggml_type::f32);
  x = norm("v.patch_norm.1", b.reshape(x, x->ne[0], x->ne[1] * x->ne[2] * x->ne[3]));
  x = b.mul_mat(b.require("v.patch_embd.weight"), x);
  x = norm("v.patch_norm.2", b.add(x, b.require("v.patch_embd.bias")));
  x = norm("v.patch_norm.3", detail::add_places(b, x, at));
  b.finish(detail::gemma4_projection(b, "mm.input_projection.weight", x));
}

/// Samples of sound go to the text model's width as they are.
/// Source: llama.cpp, tools/mtmd/models/gemma4ua.cpp
inline void build_gemma4ua(builder& b) {
  tensor* x = b.cont(b.permute(b.raw_input(1), {1, 0, 2, 3}));
  b.finish(detail::gemma4_projection(b, "mm.a.input_projection.weight", x));
}

}  // namespace vrambudget::arch::encoders
