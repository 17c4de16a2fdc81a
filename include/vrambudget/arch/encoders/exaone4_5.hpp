// EXAONE 4.5: as Qwen2.5-VL, with fewer keys and values than queries.
#pragma once

#include "vrambudget/arch/encoders/blocks/frames.hpp"
#include "vrambudget/arch/encoders/blocks/vit.hpp"
#include "vrambudget/arch/encoders/blocks/windows.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/exaone4_5.cpp
inline void build_exaone4_5(builder& b) {
  constexpr norm_kind kind = norm_kind::rms;
  const std::int64_t n = b.n_patches, n_head_kv = b.n_head_kv > 0 ? b.n_head_kv : b.n_head;
  b.require_that(!b.weight("v.patch_embd.bias") && !b.weight("v.class_embd"),
                 "no class token, no bias of patches");
  b.require_that(b.n_head % n_head_kv == 0, "query heads are a multiple of key heads");
  tensor* x = merging_patches_of_two_frames(b);
  tensor* positions = b.input("positions", ggml_type::i32, n * 4);
  const merged_windows windows(b, x);
  for (int il = 0; il < b.n_layer; ++il) {
    tensor* y = b.linear(b.require(b.in_layer(il, "attn_qkv.weight")),
                         b.weight(b.in_layer(il, "attn_qkv.bias")),
                         b.norm_of(kind, b.in_layer(il, "ln1"), x));
    attention_inputs heads = split_heads(b, y, {b.n_embd_head, b.n_head, n_head_kv}, n);
    heads.q = b.rope(heads.q, positions);
    heads.k = b.rope(heads.k, positions);
    heads.mask = windows.mask_of(il);
    x = rest_of_layer(b, il, kind, x, heads);
  }
  x = b.reshape(b.norm_of(kind, "v.post_ln", x), b.n_embd * 4, n / 4);
  b.finish(windows.in_image_order(ffn(b, two_layers(b, "mm.0", "mm.2"), x)));
}

}  // namespace vrambudget::arch::encoders
