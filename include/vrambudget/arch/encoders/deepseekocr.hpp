// DeepSeek-OCR: a SAM tower, and behind it a CLIP tower, or (2) a Qwen2 that answers queries.
#pragma once

#include <cmath>

#include "vrambudget/arch/encoders/blocks/sam.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

inline std::int64_t side_of_square(std::int64_t n) {
  return static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
}
inline tensor* positions_in_order(builder& b, std::int64_t n) {
  return b.cast(b.arange(n), ggml_type::i32);
}
inline void load_deepseek_ocr(builder& b) {
  for (const char* name :
       {"v.image_newline", "v.resample_query_768.weight", "v.resample_query_1024.weight"})
    b.weight(name);
  b.require("v.view_seperator");
}
inline tensor* deepseek_ocr_projection(builder& b, tensor* x) {
  return b.add(b.mul_mat(b.require("mm.model.fc.weight"), x), b.require("mm.model.fc.bias"));
}

/// Position embeddings of the patches and of the class token, stretched to `n` patches.
inline tensor* clip_positions(builder& b, std::int64_t n) {
  tensor* table = b.require("v.position_embd.weight");
  const std::int64_t side = side_of_square(n), found = side_of_square(table->ne[1] - 1),
                     width = table->ne[0];
  std::int64_t n_pos = table->ne[1];
  if (side != found) {
    // the engine takes found^2 for an offset in bytes; no size depends on it
    const auto squared = static_cast<std::uint64_t>(found * found);
    tensor* cls = b.view_2d(table, width, 1, table->nb[1], squared);
    tensor* grid = b.view_2d(table, width, found * found, table->nb[1], 0);
    grid = b.interpolate(grid, {side, side, width, 1});
    table = b.concat(b.reshape(grid, b.n_embd, side * side, 1), cls, 1);
    n_pos = side * side + 1;
  }
  return b.get_rows(table, positions_in_order(b, n_pos));
}

/// A token behind each row [width, nx, ny, images], as [width, (nx + 1) ny, images].
inline tensor* end_rows(builder& b, tensor* x) {
  tensor* ends = b.repeat(b.require("v.image_newline"), {x->ne[0], 1, x->ne[2], x->ne[3]});
  x = b.concat(x, ends, 1);
  return b.reshape(x, x->ne[0], x->ne[1] * x->ne[2], x->ne[3]);
}

}  // namespace detail

/// Tiles come as one image, below each other.
/// Source: llama.cpp, tools/mtmd/models/deepseekocr.cpp
inline void build_deepseekocr(builder& b) {
  detail::load_deepseek_ocr(b);
  const std::int64_t side = b.in.nx, images = b.in.n_batch;
  const bool whole_tiles = side > 0 && b.in.ny >= side && b.in.ny % side == 0;
  b.require_that(b.in.overview || whole_tiles, "images are square tiles below each other");
  if (!b.in.overview && !whole_tiles) return;
  const std::int64_t tiles = b.in.overview ? 1 : b.in.ny / side, batch = tiles * images;
  tensor* pixels = b.raw_input();
  if (!b.in.overview) {
    pixels = b.reshape(pixels, side * side, tiles, 3, images);
    pixels = b.reshape(b.cont(b.permute(pixels, {0, 2, 1, 3})), side, side, 3, batch);
  }
  tensor* features = sam(b, pixels);
  const std::int64_t nx = features->ne[0], n = nx * features->ne[1];

  tensor* x = b.reshape(features, n, features->ne[2], features->ne[3]);
  x = b.cont(b.permute(x, {1, 0, 2, 3}));
  tensor* cls = b.repeat(b.require("v.class_embd"), {b.n_embd, 1, batch, 1});
  tensor* places = detail::clip_positions(b, n);
  x = vit(b, b.concat(cls, x, 1), n + 1, {.positions = places});
  b.expand(x);

  features = b.cont(b.permute(features, {1, 2, 0, 3}));
  features = b.reshape(features, features->ne[0], n, batch);
  x = b.view_3d(x, b.n_embd, n, batch, x->nb[1], x->nb[2], x->nb[1]);
  x = detail::deepseek_ocr_projection(b, b.concat(x, features, 0));
  const std::int64_t width = x->ne[0], rows = detail::side_of_square(n);
  if (b.in.overview) {
    x = detail::end_rows(b, b.reshape(x, width, rows, rows, batch));
    tensor* separator = b.repeat(b.require("v.view_seperator"), {width, 1, batch, 1});
    x = b.concat(x, separator, 1);
  } else {
    x = b.reshape(x, width * rows, rows, tiles, images);
    x = b.cont(b.permute(x, {0, 2, 1, 3}));
    x = detail::end_rows(b, b.reshape(x, width, rows * tiles, rows, images));
  }
  b.finish(x);
}

/// Source: llama.cpp, tools/mtmd/models/deepseekocr2.cpp
inline void build_deepseekocr2(builder& b) {
  detail::load_deepseek_ocr(b);
  tensor* features = sam(b, b.raw_input());
  const std::int64_t n = features->ne[0] * features->ne[1], batch = features->ne[3];
  constexpr std::int64_t of_768 = 144, of_1024 = 256;
  b.require_that(n == of_768 || n == of_1024, "images of 768 or 1024 pixels a side");
  tensor* x = b.reshape(features, n, features->ne[2], batch);
  x = b.cont(b.permute(x, {1, 0, 2, 3}));
  tensor* query = b.require(n == of_768 ? "v.resample_query_768.weight"  //
                                        : "v.resample_query_1024.weight");
  query = b.cast(query, x->type);
  query = b.repeat(query, {query->ne[0], n, batch, 1});
  x = b.concat(x, query, 1);
  const std::int64_t n_pos = x->ne[1];
  tensor* mask = b.input("qwen2_attn_mask", ggml_type::f32, n_pos, n_pos);
  tensor* positions = detail::positions_in_order(b, n_pos);
  x = vit(b, x, n_pos,
          {.norm = norm_kind::rms,
           .rotate = [&](tensor* t) { return b.rope(t, positions); },
           .mask = mask});
  x = b.cont(b.view_3d(x, x->ne[0], n, batch, x->nb[1], x->nb[2],
                       x->nb[1] * static_cast<std::uint64_t>(n_pos - n)));
  b.expand(x);
  x = detail::deepseek_ocr_projection(b, x);
  if (b.in.overview) {
    tensor* separator = b.require("v.view_seperator");
    x = b.concat(x, b.repeat(separator, {separator->ne[0], 1, batch, 1}), 1);
  }
  b.finish(x);
}

}  // namespace vrambudget::arch::encoders
