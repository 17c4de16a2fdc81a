// MiMo-V2.5: windows along rows in some layers, along columns in others, with sinks.
#pragma once

#include "vrambudget/arch/encoders/blocks/frames.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"
#include "vrambudget/arch/encoders/blocks/windows.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/mimovl.cpp
inline void build_mimovl(builder& b) {
  enum : std::int32_t { sees_all = -1, along_columns = 1 };
  constexpr norm_kind kind = norm_kind::rms;
  const std::int64_t n = b.n_patches, unit = std::int64_t{b.hp.n_merge} * b.hp.n_merge,
                     n_units = n / unit, n_heads = b.n_head + 2 * b.n_head_kv;
  b.require_that(!b.weight("v.class_embd"), "no class token");
  b.require_that(n_units * unit == n, "patches are merged whole");
  b.require_that(b.n_layer > 0 && b.n_head_kv > 0 && b.n_head % b.n_head_kv == 0,
                 "query heads are a multiple of key heads");
  if (!b.get_graph().status()) return;
  const std::int64_t n_qkv = b.require(b.in_layer(0, "attn_qkv.weight"))->ne[1];
  b.require_that(n_qkv >= n_heads && n_qkv % n_heads == 0, "heads of one size");

  b.f32_products = true;
  tensor* x = merging_patches_of_two_frames(b);
  tensor* by_row = b.input("mimovl_positions_row", ggml_type::i32, n * 4);
  tensor* by_column = b.input("mimovl_positions_col", ggml_type::i32, n * 4);
  tensor* order = b.input("mimovl_idx_col", ggml_type::f32, n_units);
  tensor* to_columns = b.cast(order, ggml_type::i32);
  tensor* to_rows = b.argsort(order);
  tensor* mask = window_mask(b, "mimovl_window_mask");
  std::int32_t last = sees_all;
  for (int il = 0; il < b.n_layer; ++il) {
    const std::int32_t mode = b.hp.wa_modes[static_cast<std::size_t>(il)];
    const bool columns = mode == along_columns;
    if (columns != (last == along_columns))
      x = reordered(b, x, unit, columns ? to_columns : to_rows);
    last = mode;
    tensor* y = b.linear(b.require(b.in_layer(il, "attn_qkv.weight")),
                         b.require(b.in_layer(il, "attn_qkv.bias")),
                         b.norm_of(kind, b.in_layer(il, "ln1"), x));
    attention_inputs heads = split_heads(b, y, {n_qkv / n_heads, b.n_head, b.n_head_kv}, n);
    heads.q = b.rope(heads.q, columns ? by_column : by_row);
    heads.k = b.rope(heads.k, columns ? by_column : by_row);
    if (mode != sees_all) {
      heads.mask = mask;
      heads.sinks = b.require(b.in_layer(il, "attn_sinks"));
    }
    x = rest_of_layer(b, il, kind, x, heads);
  }
  if (last == along_columns) x = reordered(b, x, unit, to_rows);
  x = b.norm_of(norm_kind::layer, "v.post_ln", x);
  ffn_weights w = two_layers(b, "mm.0", "mm.2");
  w.up_b = w.down_b = nullptr;  // loaded, not used
  b.finish(ffn(b, w, b.reshape(x, b.n_embd * unit, n_units)));
}

}  // namespace vrambudget::arch::encoders
