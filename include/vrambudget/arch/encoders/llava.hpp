// LLaVA and what goes back to it: a CLIP tower whose last block is left out.
#pragma once

#include <algorithm>

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Features of the tower. `skipped`: layers at the end that are left out.
/// Source: llama.cpp, tools/mtmd/models/llava.cpp
inline tensor* clip_features(builder& b, int skipped) {
  constexpr norm_kind kind = norm_kind::layer;
  tensor* cls = b.weight("v.class_embd");
  const std::int64_t n_pos = b.n_patches + (cls ? 1 : 0);
  b.require_that(b.n_patches_x == b.n_patches_y, "images are square");
  int n_layer = std::max(0, b.n_layer - skipped);
  const auto& kept = b.hp.feature_layers;
  if (!kept.empty()) n_layer = static_cast<int>(*std::max_element(kept.begin(), kept.end()));
  const auto is_kept = [&](int il) {
    return std::find(kept.begin(), kept.end(), static_cast<std::uint32_t>(il)) != kept.end();
  };

  tensor* x = patches(b);
  if (cls) x = b.concat(x, cls, 1);
  tensor* positions = b.input("positions", ggml_type::i32, n_pos);
  x = b.add(x, b.get_rows(b.require("v.position_embd.weight"), positions));
  if (b.weight("v.pre_ln.weight")) x = b.norm_of(kind, "v.pre_ln", x);
  tensor* stack = nullptr;
  const auto keep = [&](tensor* t) { stack = stack ? b.concat(stack, t, 0) : t; };
  for (int il = 0; il < n_layer; ++il) {
    if (is_kept(il)) keep(x);
    tensor* y = b.norm_of(kind, b.in_layer(il, "ln1"), x);
    const attention_inputs heads = detail::project_heads(b, il, {}, y, n_pos, 1);
    y = attention(b, b.require(b.in_layer(il, "attn_out.weight")),
                  b.weight(b.in_layer(il, "attn_out.bias")), heads);
    x = b.add(y, x);
    y = ffn(b, layer_ffn(b, il), b.norm_of(kind, b.in_layer(il, "ln2"), x));
    x = b.add(x, y);
  }
  if (b.weight("v.post_ln.weight")) x = b.norm_of(kind, "v.post_ln", x);
  if (is_kept(n_layer)) keep(x);
  return stack ? stack : x;
}

/// The same without the class token.
inline tensor* clip_patches(builder& b) {
  tensor* x = clip_features(b, 1);
  tensor* patch_ids = b.input("patches", ggml_type::i32, b.n_patches);
  return b.get_rows(b.reshape(x, x->ne[0], x->ne[1]), patch_ids);
}

/// LLaVA 1.5 and 1.6; Yi-VL, whose projector has norms; Granite Vision, with features of several layers.
inline void build_mlp(builder& b) {
  b.weight("v.image_newline");
  for (const char* name : {"mm.0", "mm.1", "mm.2", "mm.3", "mm.4"})
    for (const char* part : {".weight", ".bias"}) b.weight(std::string(name) + part);
  const bool norms = b.weight("mm.3.weight") != nullptr;
  tensor* x = b.linear("mm.0", clip_patches(b));
  if (norms) x = b.norm_of(norm_kind::layer, "mm.1", x);
  x = b.gelu(x);
  if (norms)
    x = b.norm_of(norm_kind::layer, "mm.4", b.linear("mm.3", x));
  else if (b.weight("mm.2.weight"))
    x = b.linear("mm.2", x);
  b.finish(x);
}

}  // namespace vrambudget::arch::encoders
