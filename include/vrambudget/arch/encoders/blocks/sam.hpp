// The tower of Segment Anything: attention within windows, everywhere in a few layers, with a mask
// of relative places; then convolutions to a sixteenth of the patches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/arch/encoders/blocks/attention.hpp"
#include "vrambudget/arch/encoders/blocks/ffn.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// [channels, w, h, batch] as windows [channels, window, window, windows * batch], with zeros at
/// the edges.
inline tensor* split_windows(builder& b, tensor* x, std::int64_t window) {
  const std::int64_t c = x->ne[0], w = x->ne[1], h = x->ne[2], batch = x->ne[3];
  const std::int64_t right = (window - w % window) % window, below = (window - h % window) % window;
  const std::int64_t nx = (w + right) / window, ny = (h + below) / window;
  if (right > 0 || below > 0) x = b.pad_all(x, {0, right, below, 0});
  x = b.reshape(x, c * window, nx, window, ny * batch);
  x = b.cont(b.permute(x, {0, 2, 1, 3}));
  return b.reshape(x, c, window, window, nx * ny * batch);
}
/// The reverse, to [channels, w, h, batch].
inline tensor* join_windows(builder& b, tensor* x, std::int64_t w, std::int64_t h,
                            std::int64_t window) {
  const std::int64_t c = x->ne[0];
  const std::int64_t nx = (w + window - 1) / window, ny = (h + window - 1) / window;
  const std::int64_t batch = x->ne[3] / (nx * ny);
  x = b.reshape(x, c * window, window, nx, ny * batch);
  x = b.cont(b.permute(x, {0, 2, 1, 3}));
  x = b.reshape(x, c, nx * window, ny * window, batch);
  return b.cont(b.view_4d(x, {c, w, h, batch}, x->nb[1], x->nb[2], x->nb[3], 0));
}

/// Embeddings of the distances of `n` places from each other, [channels, n, n].
inline tensor* relative_places(builder& b, tensor* table, tensor* indices, std::int64_t n) {
  const std::int64_t c = table->ne[0], found = table->ne[1], distances = 2 * n - 1;
  b.require_that(indices->ne[0] == n && indices->ne[1] == n, "windows are square");
  if (found != distances) {
    table = b.reshape(b.cont(b.permute(table, {1, 0, 2, 3})), found, 1, c);
    table = b.reshape(b.interpolate(table, distances, 1), distances, c);
    table = b.cont(b.permute(table, {1, 0, 2, 3}));
  }
  return b.reshape(b.get_rows(table, b.reshape(indices, n * n)), c, n, n);
}

/// What every place adds to the scores of every other: [w * h, w * h, heads, batch] of the queries.
inline tensor* mask_of_places(builder& b, const std::string& name, tensor* q, tensor* indices,
                              std::int64_t w, std::int64_t h) {
  const std::int64_t head = q->ne[0], n_head = q->ne[1], batch = q->ne[3], n = n_head * batch;
  tensor* columns = relative_places(b, b.require(name + ".attn.pos_w.weight"), indices, w);
  tensor* rows = relative_places(b, b.require(name + ".attn.pos_h.weight"), indices, h);
  q = b.reshape(b.cont(b.permute(q, {0, 2, 1, 3})), head, w, h, n);
  columns = b.mul_mat(columns, b.cont(b.permute(q, {0, 2, 1, 3})));
  columns = b.cont(b.permute(columns, {0, 2, 1, 3}));
  columns = b.repeat(b.reshape(columns, w, 1, w * h, n), {w, h, w * h, n});
  rows = b.reshape(b.mul_mat(rows, q), 1, h, w * h, n);
  tensor* mask = b.reshape(b.add(columns, rows), w * h, w * h, n_head, batch);
  return b.flash_attn ? b.cast(mask, ggml_type::f16) : mask;
}

/// Attention of one layer over [channels, w, h, batch].
inline tensor* sam_attention(builder& b, const std::string& name, tensor* x, tensor* indices) {
  const std::int64_t c = x->ne[0], w = x->ne[1], h = x->ne[2], batch = x->ne[3];
  const std::int64_t n_head = b.hp.sam_n_head, head = c / n_head;
  tensor* qkv = b.mul_mat(b.require(name + ".attn.qkv.weight"), x);
  qkv = b.add(qkv, b.require(name + ".attn.qkv.bias"));
  qkv = b.reshape(qkv, c, 3, w * h, batch);
  const auto part = [&](std::uint64_t n) {
    tensor* t = b.view_3d(qkv, c, w * h, batch, qkv->nb[2], qkv->nb[3], n * qkv->nb[1]);
    return b.reshape(b.cont(t), head, n_head, w * h, batch);
  };
  attention_inputs heads{part(0), part(1), part(2)};
  heads.mask = mask_of_places(b, name, heads.q, indices, w, h);
  tensor* y =
      attention(b, b.require(name + ".attn.out.weight"), b.require(name + ".attn.out.bias"), heads);
  return b.reshape(b.cont(y), c, w, h, batch);
}

}  // namespace detail

/// Features [width, height, channels, batch] of pixels [nx, ny, 3, batch].
/// Source: llama.cpp, tools/mtmd/models/deepseekocr.cpp: build_sam
inline tensor* sam(builder& b, tensor* pixels) {
  constexpr norm_kind kind = norm_kind::layer;
  constexpr std::array<int, 4> see_everything{2, 5, 8, 11};
  const std::int64_t window = b.hp.attn_window_size, width = b.hp.sam_n_embd;
  // windows are rounded to halves only where the kernel is
  const auto convolved = [&](const char* name, tensor* t, ggml::window w) {
    tensor* kernel = b.require(name);
    return b.conv_2d(kernel, t, w,
                     kernel->type == ggml_type::f16 ? ggml_type::f16 : ggml_type::f32);
  };
  const auto channels_first = [&](tensor* t) { return b.cont(b.permute(t, {1, 2, 0, 3})); };
  const auto channels_last = [&](tensor* t) { return b.cont(b.permute(t, {2, 0, 1, 3})); };

  const std::int64_t patch = b.require("v.sam.patch_embd.weight")->ne[0];
  tensor* x = convolved("v.sam.patch_embd.weight", pixels, {.stride = patch});
  x = b.add(x, b.reshape(b.require("v.sam.patch_embd.bias"), 1, 1, width));
  x = channels_first(x);
  const std::int64_t nx = x->ne[1], ny = x->ne[2];
  tensor* of_window = b.input("rel_pos_indices_local", ggml_type::i32, window, window);
  tensor* of_image = b.input("rel_pos_indices_global", ggml_type::i32, nx, ny);
  tensor* places = b.require("v.sam.pos_embd.weight");
  if (places->ne[1] != nx) places = channels_first(b.interpolate(channels_last(places), nx, nx));
  x = b.add(x, places);

  for (int il = 0; il < static_cast<int>(b.hp.sam_n_layer); ++il) {
    const std::string name = "v.sam.blk." + std::to_string(il);
    const bool everything =
        std::find(see_everything.begin(), see_everything.end(), il) != see_everything.end();
    tensor* y = b.norm_of(kind, name + ".pre_ln", x);
    if (everything) {
      y = detail::sam_attention(b, name, y, of_image);
    } else {
      y = detail::sam_attention(b, name, detail::split_windows(b, y, window), of_window);
      y = detail::join_windows(b, y, nx, ny, window);
    }
    x = b.add(y, x);
    y = ffn(b, two_layers(b, name + ".mlp.lin1", name + ".mlp.lin2"),
            b.norm_of(kind, name + ".post_ln", x));
    x = b.add(y, x);
  }

  x = convolved("v.sam.neck.0.weight", channels_last(x), {});
  x = channels_last(b.norm_of(kind, "v.sam.neck.1", channels_first(x)));
  x = convolved("v.sam.neck.2.weight", x, {.padding = 1});
  x = channels_last(b.norm_of(kind, "v.sam.neck.3", channels_first(x)));
  x = convolved("v.sam.net_2.weight", x, {.stride = 2, .padding = 1});
  x = convolved("v.sam.net_3.weight", x, {.stride = 2, .padding = 1});
  b.expand(x);
  return x;
}

}  // namespace vrambudget::arch::encoders
