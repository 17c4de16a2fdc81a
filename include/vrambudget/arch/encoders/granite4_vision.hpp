// Granite Vision 4: layers of a SigLIP tower, each seen through queries within windows.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Queries of one block: attention among those of a window, to the window's patches, and a network.
/// `q` [n_embd, queries, windows], `patches` [n_embd, patches, windows].
inline tensor* query_windows(builder& b, const std::string& name, tensor* q, tensor* patches) {
  constexpr std::int64_t head = 64;
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n_embd = q->ne[0], n_windows = q->ne[2], n_head = n_embd / head;
  const auto heads = [&](const std::string& weight, tensor* x) {
    tensor* y = b.linear(weight, b.reshape(x, x->ne[0], x->ne[1] * x->ne[2]));
    return b.reshape(y, head, n_head, x->ne[1], n_windows);
  };
  const auto attend = [&](const std::string& to, tensor* x, tensor* seen) {
    const std::string part = name + "." + to + "_attn_";
    tensor* y = attention(b, b.require(part + "out.weight"), b.weight(part + "out.bias"),
                          {heads(part + "q", x), heads(part + "k", seen), heads(part + "v", seen)});
    y = b.add(b.reshape(y, n_embd, x->ne[1], n_windows), x);
    return b.norm_of(kind, part + "norm", y);
  };
  q = attend("self", q, q);
  q = attend("cross", q, patches);
  tensor* y = ffn(b, two_layers(b, name + ".ffn_up", name + ".ffn_down"),
                  b.reshape(q, n_embd, q->ne[1] * n_windows));
  y = b.add(b.reshape(y, n_embd, q->ne[1], n_windows), q);
  return b.norm_of(kind, name + ".ffn_norm", y);
}

/// What block `id` makes of the features `x` [n_embd, side * side] of a layer.
inline tensor* granite4_block(builder& b, std::size_t id, tensor* x, std::int64_t side) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::string name = "v.proj_blk." + std::to_string(id);
  const std::int64_t window = b.hp.window_side, query = b.hp.query_side, n = side / window,
                     n_windows = n * n, less = n * query;
  const auto gather = [&](tensor* t, const char* input, std::int64_t rows) {
    return b.get_rows(t, b.input(input, ggml_type::i32, rows));
  };
  x = b.norm_of(kind, name + ".norm", x);
  tensor* seen = gather(x, "win_idx", side * side);
  seen = b.reshape(seen, b.n_embd, window * window, n_windows);
  tensor* q = nullptr;
  if (b.hp.takes_neighbour[id]) {
    q = gather(x, "spatial_idx", less * less);
  } else {
    q = b.cont(b.permute(b.reshape(x, b.n_embd, side, side), {2, 0, 1, 3}));
    q = b.pool_2d(b.reshape(q, side, side, b.n_embd), side / less, {.stride = side / less});
    q = b.cont(b.permute(b.reshape(q, less, less, b.n_embd), {1, 2, 0, 3}));
    q = b.reshape(q, b.n_embd, less * less);
  }
  q = b.reshape(gather(q, "qwin_idx", less * less), b.n_embd, query * query, n_windows);
  q = b.add(q, b.require(name + ".query"));
  seen = b.add(seen, b.require(name + ".img_pos"));
  q = b.norm_of(kind, name + ".post_norm", q);
  q = query_windows(b, name, q, seen);
  q = gather(b.reshape(q, b.n_embd, query * query * n_windows), "unwin_idx", less * less);
  return b.linear(name + ".linear", q);
}

}  // namespace detail

/// One tile, or the picture as a whole; tiles put together are not described.
/// Source: llama.cpp v0.5.0, tools/mtmd/models/granite4-vision.cpp
inline void build_granite4_vision(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  b.require("v.image_newline");
  const std::int64_t side = b.n_patches_x, n = b.n_patches, less = side / b.hp.window_side;
  b.require_that(side == b.n_patches_y && side % b.hp.window_side == 0 && less > 0,
                 "images are squares of whole windows");
  b.require_that(!b.hp.feature_layers.empty(), "it reads layers of the tower");
  if (!b.get_graph().failure().empty()) return;

  tensor* x = b.add(patches(b), b.require("v.position_embd.weight"));
  std::vector<tensor*> layers;
  for (int il = 0; il < b.n_layer; ++il) {
    const attention_inputs heads =
        detail::project_heads(b, il, {}, b.norm_of(kind, b.in_layer(il, "ln1"), x), n, 1);
    tensor* y = attention(b, b.require(b.in_layer(il, "attn_out.weight")),
                          b.weight(b.in_layer(il, "attn_out.bias")), heads);
    x = builder::named(b.add(b.reshape(y, b.n_embd, n), x), "ffn_inp", il);
    y = ffn(b, layer_ffn(b, il), b.norm_of(kind, b.in_layer(il, "ln2"), x));
    x = builder::named(b.add(x, y), "layer_out", il);
    layers.push_back(x);
  }
  tensor* features = nullptr;
  for (std::size_t id = 0; id < b.hp.feature_layers.size(); ++id) {
    const std::uint32_t il = b.hp.feature_layers[id];
    b.require_that(il < layers.size(), "it reads layers of the tower");
    if (il >= layers.size()) return;
    tensor* t = detail::granite4_block(b, id, layers[il], side);
    features = features ? b.concat(features, t, 0) : t;
  }
  const auto n_blocks = static_cast<std::int64_t>(b.hp.feature_layers.size());
  b.reported_width = n_blocks * b.hp.projection_dim;
  b.finish(features);
}

}  // namespace vrambudget::arch::encoders
