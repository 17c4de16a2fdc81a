// Granite Vision 4: layers of a SigLIP tower, each seen through queries within windows. A picture is one
// tile, or its overview and the tiles of a grid below each other in one image.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Patches of all tiles [n_embd, side * side, tiles].
inline tensor* patches_of_tiles(builder& b, std::int64_t tiles) {
  const std::int64_t side = b.n_patches_x, nx = b.in.nx;
  tensor* x = b.raw_input();
  if (tiles > 1) {
    x = b.cont(b.permute(b.reshape(x, nx * nx, tiles, 3), {0, 2, 1, 3}));
    x = b.reshape(x, nx, nx, 3, tiles);
  }
  x = b.conv_2d(b.require("v.patch_embd.weight"), x, {.stride = b.hp.patch_size});
  x = b.cont(b.transpose(b.reshape(x, side * side, b.n_embd, tiles)));
  tensor* bias = b.weight("v.patch_embd.bias");
  return bias ? b.add(x, bias) : x;
}

/// Queries of one block: attention among those of a window, to the window's patches, and a network.
/// `q` [n_embd, queries, windows], `seen` [n_embd, patches, windows].
inline tensor* query_windows(builder& b, const std::string& name, tensor* q, tensor* seen) {
  constexpr std::int64_t head = 64;
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n_embd = q->ne[0], n_windows = q->ne[2], n_head = n_embd / head;
  const auto heads = [&](const std::string& weight, tensor* x) {
    tensor* y = b.linear(weight, b.reshape(x, x->ne[0], x->ne[1] * x->ne[2]));
    return b.reshape(y, head, n_head, x->ne[1], n_windows);
  };
  const auto attend = [&](const std::string& to, tensor* x, tensor* other) {
    const std::string part = name + "." + to + "_attn_";
    tensor* y =
        attention(b, b.require(part + "out.weight"), b.weight(part + "out.bias"),
                  {heads(part + "q", x), heads(part + "k", other), heads(part + "v", other)});
    y = b.add(b.reshape(y, n_embd, x->ne[1], n_windows), x);
    return b.norm_of(kind, part + "norm", y);
  };
  q = attend("self", q, q);
  q = attend("cross", q, seen);
  tensor* y = ffn(b, two_layers(b, name + ".ffn_up", name + ".ffn_down"),
                  b.reshape(q, n_embd, q->ne[1] * n_windows));
  y = b.add(b.reshape(y, n_embd, q->ne[1], n_windows), q);
  return b.norm_of(kind, name + ".ffn_norm", y);
}

/// What block `id` makes of the features `x` [n_embd, side * side, tiles] of a layer.
inline tensor* granite4_block(builder& b, std::size_t id, tensor* x) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::string name = "v.proj_blk." + std::to_string(id);
  const std::int64_t side = b.n_patches_x, tiles = x->ne[2], window = b.hp.window_side,
                     query = b.hp.query_side, n = side / window, n_windows = n * n * tiles,
                     less = n * query;
  const auto gather = [&](tensor* t, const char* input, std::int64_t rows) {
    return b.get_rows(t, b.input(input, ggml_type::i32, rows, tiles));
  };
  x = b.norm_of(kind, name + ".norm", x);
  tensor* seen = gather(x, "win_idx", side * side);
  seen = b.reshape(seen, b.n_embd, window * window, n_windows);
  tensor* q = nullptr;
  if (b.hp.takes_neighbour[id]) {
    q = gather(x, "spatial_idx", less * less);
  } else {
    q = b.cont(b.permute(b.reshape(x, b.n_embd, side, side, tiles), {2, 0, 1, 3}));
    q = b.reshape(q, side, side, b.n_embd * tiles);
    q = b.reshape(b.pool_2d(q, side / less, {.stride = side / less}), less, less, b.n_embd, tiles);
    q = b.reshape(b.cont(b.permute(q, {1, 2, 0, 3})), b.n_embd, less * less, tiles);
  }
  q = b.reshape(gather(q, "qwin_idx", less * less), b.n_embd, query * query, n_windows);
  q = b.add(q, b.require(name + ".query"));
  seen = b.add(seen, b.require(name + ".img_pos"));
  q = b.norm_of(kind, name + ".post_norm", q);
  q = query_windows(b, name, q, seen);
  q = gather(b.reshape(q, b.n_embd, query * query * n * n, tiles), "unwin_idx", less * less);
  return b.linear(name + ".linear", q);
}

/// Tokens of a grid of tiles that show the picture and not what was added around it.
/// Source: llama.cpp, tools/mtmd/clip-impl.h: clip_anyres_unpad
struct shown_tokens {
  std::int64_t x = 0, y = 0;  ///< the first
  std::int64_t w = 0, h = 0;
};
inline shown_tokens tokens_shown(std::int64_t w, std::int64_t h, const tile_grid& g) {
  const auto scaled = [](std::int64_t n, std::int64_t to, std::int64_t from) {
    constexpr double rounding = 1e-7;
    return static_cast<std::int64_t>(std::floor(
        static_cast<double>(n) * static_cast<double>(to) / static_cast<double>(from) + rounding));
  };
  const auto ratio = [](std::int64_t a, std::int64_t c) {
    return static_cast<float>(a) / static_cast<float>(c);
  };
  if (ratio(g.nx, g.ny) > ratio(w, h)) {
    const std::int64_t above = (h - scaled(g.ny, w, g.nx)) / 2;
    return {0, above, w, h - 2 * above};
  }
  const std::int64_t left = (w - scaled(g.nx, h, g.ny)) / 2;
  return {left, 0, w - 2 * left, h};
}

/// The overview's tokens, then those of the grid row by row, each of which ends with a token of its own.
/// `x` [width, tokens of a tile, tiles].
inline tensor* join_tiles(builder& b, tensor* x, std::int64_t side) {
  const tile_grid& g = b.in.tiles;
  const std::int64_t width = x->ne[0], n = side * side,
                     n_blocks = static_cast<std::int64_t>(b.hp.feature_layers.size());
  tensor* end = b.require("v.image_newline");
  b.require_that(n_elements(*end) * n_blocks == width, "the end of a row has a token's width");
  tensor* overview = b.view_2d(x, width, n, x->nb[1], 0);
  tensor* tiles = b.view_3d(x, width, n, g.columns * g.rows, x->nb[1], x->nb[2], x->nb[2]);
  tiles = b.reshape(tiles, width * side, side, g.columns, g.rows);
  tiles = b.cont(b.permute(tiles, {0, 2, 1, 3}));
  tiles = b.reshape(tiles, width, g.columns * side, g.rows * side);
  const shown_tokens shown = tokens_shown(g.columns * side, g.rows * side, g);
  if (shown.w != g.columns * side || shown.h != g.rows * side)
    tiles = b.cont(b.view_3d(tiles, width, shown.w, shown.h, tiles->nb[1], tiles->nb[2],
                             static_cast<std::uint64_t>(shown.x) * tiles->nb[1] +
                                 static_cast<std::uint64_t>(shown.y) * tiles->nb[2]));
  const std::int64_t part = n_elements(*end);
  tensor* row = b.reshape(end, part, 1);
  if (n_blocks > 1)
    row = b.concat(row, b.repeat(b.reshape(end, part, 1), {part, n_blocks - 1, 1, 1}), 1);
  row = b.reshape(b.cont(row), width, 1);
  tiles = b.concat(tiles, b.repeat(row, {width, 1, shown.h, 1}), 1);
  return b.concat(overview, b.reshape(tiles, width, (shown.w + 1) * shown.h), 1);
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/granite4-vision.cpp
inline void build_granite4_vision(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  b.require("v.image_newline");
  constexpr std::int64_t longest_grid = 1024;
  const tile_grid& g = b.in.tiles;
  b.require_that(
      g.columns >= 0 && g.columns <= longest_grid && g.rows >= 0 && g.rows <= longest_grid,
      "grids have at most 1024 tiles each way");
  if (!b.get_graph().status()) return;
  const std::int64_t side = b.n_patches_x, n = side * side, tiles = 1 + g.columns * g.rows,
                     n_windows = side / b.hp.window_side;
  b.require_that(n_windows > 0 && side % b.hp.window_side == 0, "tiles are whole windows");
  b.require_that(b.in.ny == tiles * b.in.nx, "a picture is square tiles below each other");
  b.require_that(tiles == 1 || (g.columns > 0 && g.rows > 0 && g.nx > 0 && g.ny > 0),
                 "the picture of a grid has a size");
  b.require_that(!b.hp.feature_layers.empty(), "it reads layers of the tower");
  if (!b.get_graph().status()) return;

  tensor* x = b.add(detail::patches_of_tiles(b, tiles), b.require("v.position_embd.weight"));
  std::vector<tensor*> layers;
  for (int il = 0; il < b.n_layer; ++il) {
    const attention_inputs heads =
        detail::project_heads(b, il, {}, b.norm_of(kind, b.in_layer(il, "ln1"), x), n, tiles);
    tensor* y = attention(b, b.require(b.in_layer(il, "attn_out.weight")),
                          b.weight(b.in_layer(il, "attn_out.bias")), heads);
    x = builder::named(b.add(b.reshape(y, b.n_embd, n, tiles), x), "ffn_inp", il);
    y = ffn(b, layer_ffn(b, il), b.norm_of(kind, b.in_layer(il, "ln2"), x));
    x = builder::named(b.add(x, y), "layer_out", il);
    layers.push_back(x);
  }
  tensor* features = nullptr;
  for (std::size_t id = 0; id < b.hp.feature_layers.size(); ++id) {
    const std::uint32_t il = b.hp.feature_layers[id];
    b.require_that(il < layers.size(), "it reads layers of the tower");
    if (il >= layers.size()) return;
    tensor* t = detail::granite4_block(b, id, layers[il]);
    features = features ? b.concat(features, t, 0) : t;
  }
  if (tiles > 1) features = detail::join_tiles(b, features, n_windows * b.hp.query_side);
  const auto n_blocks = static_cast<std::int64_t>(b.hp.feature_layers.size());
  b.reported_width = n_blocks * b.hp.projection_dim;
  b.finish(features);
}

}  // namespace vrambudget::arch::encoders
