// Gemma 4: windows of other head sizes than full layers, layers that share caches, experts beside a
// dense branch, and in the small models per-layer embeddings.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/per_layer.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Q, K and V of one layer. Without a matrix for V, K serves before its norm.
inline qkv gemma4_qkv(builder& b, int il, tensor* x) {
  const auto l = static_cast<std::uint32_t>(il);
  if (!b.hp.has_kv(l)) return {.q = project_q(b, il, x)};
  qkv y;
  if (b.has(il, "attn_qkv")) {
    y = project_qkv(b, il, x, false);
  } else {
    y.q = b.linear_without_bias(il, "attn_q", x);
    y.k = b.linear_without_bias(il, "attn_k", x);
    y.v = b.has(il, "attn_v") ? b.linear_without_bias(il, "attn_v", x) : y.k;
  }
  const auto heads = [&](tensor* t, std::uint32_t n) {
    return b.reshape(t, b.hp.n_embd_head_k(l), n, b.ub.n_tokens);
  };
  return {heads(y.q, b.hp.n_head(l)), heads(y.k, b.hp.n_head_kv(l)), heads(y.v, b.hp.n_head_kv(l))};
}

/// Attention of one layer, with all of Q, K and V normed; layers without a cache have only Q.
inline tensor* gemma4_attention(builder& b, attention_input& attention, int il, tensor* x,
                                tensor* pos) {
  const bool full = !b.hp.is_swa(static_cast<std::uint32_t>(il));
  tensor* factors = full ? b.layer_copy(il, "rope_freqs") : nullptr;
  qkv y = gemma4_qkv(b, il, x);
  y.q = b.rope(b.rms_norm_of(il, "attn_q_norm", y.q), pos, factors);
  if (y.k) {
    y.v = b.rms_norm(y.v);
    y.k = b.rope(b.rms_norm_of(il, "attn_k_norm", y.k), pos, factors);
  }
  return attention(il, y);
}

/// A dense branch, and beside it experts whose router sees the residual stream.
inline tensor* gemma4_ffn(builder& b, int il, tensor* stream) {
  tensor* dense = ffn(b, il, b.rms_norm_of(il, "ffn_norm", stream), activation::gelu);
  if (!b.has(il, "ffn_gate_inp")) return dense;
  dense = b.rms_norm_of(il, "post_ffw_norm_1", dense);
  tensor* routed = b.mul(b.scale(b.rms_norm(stream)), b.require(il, "ffn_gate_inp", ".scale"));
  tensor* experts = moe_ffn(
      b, il, b.rms_norm_of(il, "pre_ffw_norm_2", stream),
      {.act = activation::gelu, .logits = b.mul_mat(b.require(il, "ffn_gate_inp"), routed)});
  return b.add(dense, b.rms_norm_of(il, "post_ffw_norm_2", experts));
}

}  // namespace detail

/// Source: llama.cpp, src/models/gemma4.cpp: graph
inline void build_gemma4(builder& b) {
  tensor* stream = b.token_embeddings(embedding_scale::of_tokens);
  tensor* pos = b.positions();
  attention_input attention(b);
  tensor* out_ids = b.output_ids();
  tensor* per_layer = b.has(-1, "per_layer_token_embd")
                          ? per_layer_inputs(b, stream, b.hp.n_embd_per_layer)
                          : nullptr;

  for (int il = 0; il < static_cast<int>(b.hp.n_layer()); ++il) {
    b.enters_layer(il, stream);
    tensor* y =
        detail::gemma4_attention(b, attention, il, b.rms_norm_of(il, "attn_norm", stream), pos);
    stream = b.add(b.rms_norm_of(il, "post_attention_norm", y), stream);
    y = b.rms_norm_unpinned(il, "post_ffw_norm", detail::gemma4_ffn(b, il, stream));
    stream = b.add(y, stream);
    if (per_layer) stream = b.add(stream, per_layer_embedding(b, il, stream, per_layer));
    if (tensor* scale = b.weight(il, "layer_output_scale")) stream = b.mul(stream, scale);
    builder::named(stream, "l_out", il);
  }

  b.h_nextn = b.rms_norm_of(-1, "output_norm", stream);
  b.embd = b.get_rows(b.h_nextn, out_ids);
  b.finish_logits(b.hp.scale.f_final_logit_softcapping != 0.0f);
}

}  // namespace vrambudget::arch
