// MiniCPM-V: a resampler whose few queries look at all patches; 4.6 merges patches twice instead.
#pragma once

#include <array>

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// Sines and cosines of places times frequencies, [width, n_patches].
inline tensor* sinusoids_of_places(builder& b, std::int64_t width) {
  const std::int64_t n = b.n_patches;
  tensor* omega = b.input("omega", ggml_type::f32, width / 4);
  tensor* rows = b.input("pos_h", ggml_type::f32, 1, n);
  tensor* columns = b.input("pos_w", ggml_type::f32, 1, n);
  omega = b.repeat(omega, {width / 4, n, 1, 1});
  const auto waves = [&](tensor* at) {
    tensor* theta = b.mul(omega, at);
    tensor* sines = b.sin(theta);
    return b.concat(sines, b.cos(theta), 0);
  };
  tensor* x = waves(columns);
  return b.concat(x, waves(rows), 0);
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/minicpmv.cpp: clip_graph_minicpmv
inline void build_minicpmv(builder& b) {
  constexpr std::int64_t head = 128;
  constexpr norm_kind kind = norm_kind::layer;
  b.require("resampler.pos_embed_k");
  b.require_that(!b.weight("v.class_embd"), "its tower has no class token");
  tensor* positions = b.input("positions", ggml_type::i32, b.n_patches);
  tensor* x = patches(b);
  tensor* places = b.get_rows(b.require("v.position_embd.weight"), positions);
  x = vit(b, x, b.n_patches, {.positions = places});

  tensor *query = b.require("resampler.query"), *proj = b.require("resampler.proj.weight");
  const std::int64_t width = proj->ne[0];
  b.require_that(width % head == 0, "heads of 128");
  if (width % head != 0) return;
  tensor* v = b.norm_of(kind, "resampler.ln_kv", b.linear("resampler.kv", x));
  tensor* q = b.norm_of(kind, "resampler.ln_q", query);
  tensor* k = b.add(v, detail::sinusoids_of_places(b, width));
  const auto heads = [&](const char* name, tensor* t, std::int64_t n) {
    return b.reshape(b.linear(name, t), head, width / head, n);
  };
  x = attention(
      b, b.require("resampler.attn.out.weight"), b.require("resampler.attn.out.bias"),
      {heads("resampler.attn.q", q, b.hp.n_query), heads("resampler.attn.k", k, b.n_patches),
       heads("resampler.attn.v", v, b.n_patches)});
  b.finish(b.product(proj, b.norm_of(kind, "resampler.ln_post", x)));
}

namespace detail {

/// Every two by two rows of `x` side by side, and their sum.
struct gathered {
  tensor *joined = nullptr, *sum = nullptr;
};
inline gathered gather_four(builder& b, tensor* x, const std::array<tensor*, 4>& at) {
  std::array<tensor*, 4> p{};
  for (std::size_t i = 0; i < 4; ++i) p[i] = b.get_rows(x, at[i]);
  gathered g{p[0], p[0]};
  for (std::size_t i = 1; i < 4; ++i) {
    g.sum = b.add(g.sum, p[i]);
    g.joined = b.concat(g.joined, p[i], 0);
  }
  return g;
}

/// Attention within windows of two by two, and the windows merged: a quarter of the rows.
inline tensor* merge_windows(builder& b, tensor* x, const std::array<tensor*, 4>& at) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n = b.n_patches;
  tensor* order = b.input("vit_merger_window_idx", ggml_type::i32, n);
  tensor* order_back = b.input("vit_merger_inv_window_idx", ggml_type::i32, n);
  tensor* mask = b.input("vit_merger_window_mask", ggml_type::f32, n, n);
  if (b.flash_attn) mask = b.cast(mask, ggml_type::f16);
  tensor* y = b.get_rows(b.norm_of(kind, "v.vit_merger.ln1", x), order);
  const auto heads = [&](const char* name) {
    return b.reshape(b.linear(name, y), b.n_embd_head, b.n_head, n);
  };
  y = attention(b, b.require("v.vit_merger.attn_out.weight"),
                b.weight("v.vit_merger.attn_out.bias"),
                {heads("v.vit_merger.attn_q"), heads("v.vit_merger.attn_k"),
                 heads("v.vit_merger.attn_v"), mask});
  x = b.add(b.get_rows(y, order_back), x);
  const gathered g = gather_four(b, x, at);
  tensor* mean = b.scale(g.sum);
  y = ffn(b, two_layers(b, "v.vit_merger.ds_ffn_up", "v.vit_merger.ds_ffn_down"),
          b.norm_of(kind, "v.vit_merger.ds_ln", g.joined));
  return b.add(y, mean);
}

}  // namespace detail

/// Source: llama.cpp, tools/mtmd/models/minicpmv.cpp: clip_graph_minicpmv4_6
inline void build_minicpmv4_6(builder& b) {
  b.require_that(b.hp.n_merge == 2 || b.hp.n_merge == 4, "patches are merged by two or by four");
  const bool twice = b.hp.n_merge == 4;
  const std::int64_t half = (b.n_patches_x / 2) * (b.n_patches_y / 2),
                     quarter = (b.n_patches_x / 4) * (b.n_patches_y / 4);
  const auto indices = [&](std::array<const char*, 4> names, std::int64_t n) {
    std::array<tensor*, 4> at{};
    for (std::size_t i = 0; i < 4; ++i) at[i] = b.input(names[i], ggml_type::i32, n);
    return at;
  };
  for (const char* name :
       {"ln1", "attn_q", "attn_k", "attn_v", "attn_out", "ds_ln", "ds_ffn_up", "ds_ffn_down"})
    for (const char* part : {".weight", ".bias"})
      b.weight(std::string("v.vit_merger.") + name + part);

  tensor* positions = b.input("positions", ggml_type::i32, b.n_patches);
  tensor* x = patches(b);
  x = b.add(x, b.get_rows(b.require("v.position_embd.weight"), positions));
  if (b.weight("v.pre_ln.weight")) x = b.norm_of(norm_kind::layer, "v.pre_ln", x);
  const int merged_after = twice ? static_cast<int>(b.hp.insert_layer) : -1;
  for (int il = 0; il < b.n_layer; ++il) {
    x = vit_layer(b, il, {}, x, il > merged_after && twice ? half : b.n_patches, 1);
    if (il == merged_after)
      x = detail::merge_windows(b, x,
                                indices({"vit_merger_ds_idx_0", "vit_merger_ds_idx_1",
                                         "vit_merger_ds_idx_2", "vit_merger_ds_idx_3"},
                                        half));
  }
  if (b.weight("v.post_ln.weight")) x = b.norm_of(norm_kind::layer, "v.post_ln", x);
  x = detail::gather_four(
          b, x,
          indices({"merger_ds_idx_0", "merger_ds_idx_1", "merger_ds_idx_2", "merger_ds_idx_3"},
                  twice ? quarter : half))
          .joined;
  b.require("mm.input_norm.weight");
  x = b.norm_of(norm_kind::layer, "mm.input_norm", x);
  b.finish(ffn(b, two_layers(b, "mm.up", "mm.down"), x));
}

}  // namespace vrambudget::arch::encoders
