// T5: attention with a learned bias by relative position. An encoder alone, or a decoder that also
// attends to an encoder's result. The engine reserves memory for the decoder's graph only.
#pragma once

#include "vrambudget/arch/blocks/attention.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"

namespace vrambudget::arch {

namespace detail {

/// W x, taken apart into heads.
inline tensor* t5_heads(builder& b, int il, tensor_name name, tensor* x, std::int64_t n_head) {
  const std::int64_t head = b.hp.n_embd_head_k(static_cast<std::uint32_t>(il));
  return b.reshape(b.linear_without_bias(il, name, x), head, n_head, x->ne[1]);
}

/// Q of `x`, K and V of `source`.
inline qkv t5_projections(builder& b, int il, const std::array<tensor_name, 3>& names, tensor* x,
                          tensor* source) {
  const auto l = static_cast<std::uint32_t>(il);
  return {t5_heads(b, il, names[0], x, b.hp.n_head(l)),
          t5_heads(b, il, names[1], source, b.hp.n_head_kv(l)),
          t5_heads(b, il, names[2], source, b.hp.n_head_kv(l))};
}

/// One bias per head and pair of positions, from the table of a layer or of the first.
///
/// Shape:    buckets [keys, tokens]; result [keys, tokens, heads]
/// Source:   llama.cpp, src/llama-graph.cpp: build_pos_bias
inline tensor* position_bias(builder& b, int il, tensor_name table, tensor* buckets) {
  tensor* rows = b.weight(il, table);
  if (!rows) rows = b.require(0, table);
  tensor* bias = b.get_rows(rows, b.reshape(buckets, n_elements(*buckets)));
  bias = b.reshape(bias, bias->ne[0], buckets->ne[0], buckets->ne[1]);
  return b.cont(b.permute(bias, {2, 0, 1, 3}));
}

/// Gated by GELU, or plain with ReLU.
inline tensor* t5_ffn(builder& b, int il, tensor* x, const ffn_names& n) {
  return ffn(b, il, x, b.has(il, n.gate) ? activation::gelu : activation::relu, n);
}

}  // namespace detail

inline void build_t5_encoder(builder& b) {
  const int n_layer = static_cast<int>(b.hp.n_layer());
  tensor* stream = b.token_embeddings();
  tensor* buckets =
      b.get_graph().make_input("pos_bucket_enc", ggml_type::i32, b.ub.n_tokens, b.ub.n_tokens);
  uncached_attention attention(b);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    tensor* x = b.rms_norm_of(il, "enc.attn_norm", stream);
    const qkv y = detail::t5_projections(b, il, {"enc.attn_q", "enc.attn_k", "enc.attn_v"}, x, x);
    tensor* bias = detail::position_bias(b, il, "enc.attn_rel_b", buckets);
    x = attention(il, y, {.project = false, .kq_bias = bias});
    x = b.linear_without_bias(il, "enc.attn_o", x);
    if (il == n_layer - 1) {
      x = b.get_rows(x, out_ids);
      stream = b.get_rows(stream, out_ids);
    }
    stream = b.add(x, stream);
    x = b.rms_norm_of(il, "enc.ffn_norm", stream);
    x = detail::t5_ffn(b, il, x, {"enc.ffn_up", "enc.ffn_gate", "enc.ffn_down"});
    stream = b.add(x, stream);
  }
  b.embd = b.rms_norm_of(-1, "enc.output_norm", stream);
  b.expand(b.embd);
}

inline void build_t5(builder& b) {
  const int n_layer = static_cast<int>(b.hp.dec_n_layer);
  ggml::graph& g = b.get_graph();
  tensor* stream = b.token_embeddings();
  // as long as any encoder input
  tensor* encoded = g.make_input("cross_embd", ggml_type::f32, b.hp.n_embd_inp(), b.hp.n_ctx_train);
  attention_input self(b);
  tensor* buckets = g.make_input("pos_bucket_dec", ggml_type::i32, self.n_cell(), b.ub.n_tokens);
  uncached_attention cross(b, encoded->ne[1]);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    tensor* x = b.rms_norm_of(il, "dec.attn_norm", stream);
    const qkv y = detail::t5_projections(b, il, {"dec.attn_q", "dec.attn_k", "dec.attn_v"}, x, x);
    tensor* bias = detail::position_bias(b, il, "dec.attn_rel_b", buckets);
    x = self(il, y, {.project = false, .kq_bias = bias});
    stream = b.add(b.linear_without_bias(il, "dec.attn_o", x), stream);

    x = b.rms_norm_of(il, "dec.cross_attn_norm", stream);
    x = cross(il,
              detail::t5_projections(
                  b, il, {"dec.cross_attn_q", "dec.cross_attn_k", "dec.cross_attn_v"}, x, encoded),
              {.project = false});
    x = b.linear_without_bias(il, "dec.cross_attn_o", x);
    if (il == n_layer - 1) {
      x = b.get_rows(x, out_ids);
      stream = b.get_rows(stream, out_ids);
    }
    stream = b.add(x, stream);

    x = b.rms_norm_of(il, "dec.ffn_norm", stream);
    x = detail::t5_ffn(b, il, x, {"dec.ffn_up", "dec.ffn_gate", "dec.ffn_down"});
    stream = b.add(x, stream);
  }
  b.embd = b.rms_norm_of(-1, "dec.output_norm", stream);
  b.finish_logits();
}

}  // namespace vrambudget::arch
