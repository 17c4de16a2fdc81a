// CogVLM: a class token, norms after attention and network, tokens around the image.
#pragma once

#include "vrambudget/arch/encoders/blocks/vit.hpp"

namespace vrambudget::arch::encoders {

/// Source: llama.cpp, tools/mtmd/models/cogvlm.cpp
inline void build_cogvlm(builder& b) {
  constexpr norm_kind kind = norm_kind::layer;
  const std::int64_t n_pos = b.n_patches + 1;
  tensor* x = b.concat(patches(b), b.require("v.class_embd"), 1);
  x = b.add(x, b.require("v.position_embd.weight"));
  for (int il = 0; il < b.n_layer; ++il) {
    tensor* qkv = b.linear(b.require(b.in_layer(il, "attn_qkv.weight")),
                           b.require(b.in_layer(il, "attn_qkv.bias")), x);
    const attention_inputs heads = split_heads(b, qkv, {b.n_embd_head, b.n_head, b.n_head}, n_pos);
    tensor* y = attention(b, b.require(b.in_layer(il, "attn_out.weight")),
                          b.weight(b.in_layer(il, "attn_out.bias")), heads);
    x = b.add(b.norm_of(kind, b.in_layer(il, "ln1"), y), x);
    y = ffn(b, layer_ffn(b, il), x);
    x = b.add(b.norm_of(kind, b.in_layer(il, "ln2"), y), x);
  }
  x = b.view_2d(x, b.n_embd, b.n_patches, x->nb[1], 0);
  x = b.product(b.require("mm.model.fc.weight"), x);
  for (const char* name : {"mm.post_fc_norm.weight", "mm.post_fc_norm.bias"}) b.require(name);
  x = b.gelu_inplace(b.norm_of(kind, "mm.post_fc_norm", x));
  const ffn_weights w = gated(b, "mm.gate.weight", "mm.up.weight", "mm.down.weight");
  b.finish(ffn_between(b, w, "v.boi", "v.eoi", x));
}

}  // namespace vrambudget::arch::encoders
