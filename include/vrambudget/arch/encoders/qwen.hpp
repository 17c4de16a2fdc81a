// Qwen2-VL, Qwen2.5-VL with its attention within windows, Qwen3-VL with features of several layers, Ling 3.
#pragma once

#include "vrambudget/arch/encoders/blocks/frames.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"
#include "vrambudget/arch/encoders/blocks/windows.hpp"

namespace vrambudget::arch::encoders {

namespace detail {

/// One layer; all have rotated heads. `mask`: null where everything is seen.
inline tensor* qwen_layer(builder& b, int il, norm_kind kind, tensor* x, tensor* positions,
                          tensor* mask) {
  attention_inputs heads =
      project_heads(b, il, {}, b.norm_of(kind, b.in_layer(il, "ln1"), x), b.n_patches, 1);
  heads.q = b.rope(heads.q, positions);
  heads.k = b.rope(heads.k, positions);
  heads.mask = mask;
  return rest_of_layer(b, il, kind, x, heads);
}

inline tensor* norm_if_any(builder& b, norm_kind kind, const char* name, tensor* x) {
  return b.weight(b.in_tower(name) + ".weight") ? b.norm_of(kind, b.in_tower(name), x) : x;
}

inline void build_qwen2vl(builder& b, norm_kind kind) {
  const std::int64_t n = b.n_patches;
  tensor* x = merging_patches_of_two_frames(b);
  tensor* positions = b.input("positions", ggml_type::i32, n * 4);
  x = norm_if_any(b, kind, "pre_ln", x);
  const merged_windows windows(b, x);
  for (int il = 0; il < b.n_layer; ++il) {
    x = qwen_layer(b, il, kind, x, positions, windows.mask_of(il));
  }
  x = norm_if_any(b, kind, "post_ln", x);
  x = ffn(b, two_layers(b, "mm.0", "mm.2"), b.reshape(x, b.n_embd * 4, n / 4));
  b.finish(windows.in_image_order(x));
}

}  // namespace detail

inline void build_qwen2vl(builder& b) { detail::build_qwen2vl(b, norm_kind::layer); }
inline void build_qwen2_5vl(builder& b) { detail::build_qwen2vl(b, norm_kind::rms); }

inline void build_qwen3vl(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n = b.n_patches, merged = std::int64_t{b.hp.n_merge} * b.hp.n_merge;
  tensor* x = merging_patches_of_two_frames(b);
  x = b.add(x, b.require("v.patch_embd.bias"));
  x = b.add(x, in_merge_order(b, resized_positions(b)));
  tensor* positions = b.input("positions", ggml_type::i32, n * 4);
  x = detail::norm_if_any(b, kind, "pre_ln", x);
  tensor* features = nullptr;
  for (int il = 0; il < b.n_layer; ++il) {
    x = detail::qwen_layer(b, il, kind, x, positions, nullptr);
    const std::string stack = "v.deepstack." + std::to_string(il) + ".";
    if (!b.weight(stack + "fc1.weight")) continue;
    tensor* f = b.reshape(x, b.n_embd * merged, n / merged);
    f = ffn(b, two_layers(b, stack + "fc1", stack + "fc2"), b.norm_of(kind, stack + "norm", f));
    features = features ? b.concat(features, f, 0) : f;
  }
  x = detail::norm_if_any(b, kind, "post_ln", x);
  x = ffn(b, two_layers(b, "mm.0", "mm.2"), b.reshape(x, b.n_embd * 4, n / 4));
  b.finish(features ? b.concat(x, features, 0) : x);
}

/// Ling 3: the tower of Qwen3-VL, and a norm of patches before they merge.
/// Source: llama.cpp, tools/mtmd/models/ling3vl.cpp
inline void build_ling3vl(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n = b.n_patches;
  b.require_that(!b.weight("v.class_embd"), "no class token");
  tensor* x = merging_patches_of_two_frames(b);
  if (tensor* bias = b.weight("v.patch_embd.bias")) x = b.add(x, bias);
  tensor* learned = in_merge_order(b, resized_positions(b));
  tensor* positions = b.input("positions", ggml_type::i32, n * 4);
  x = vit(b, x, n, {.norm = kind, .positions = learned, .rotate = [&](tensor* t) {
                      return b.rope(t, positions);
                    }});
  b.require("mm.input_norm.weight");
  x = b.reshape(b.norm_of(kind, "mm.input_norm", x), b.n_embd * 4, n / 4);
  b.finish(ffn(b, two_layers(b, "mm.0", "mm.2"), x));
}

}  // namespace vrambudget::arch::encoders
