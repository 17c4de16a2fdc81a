// BERT and its descendants: encoders with a layer norm after each branch.
#pragma once

#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// What differs between BERTs.
struct bert_options {
  bool position_table = false;  ///< learned positions
  bool rope = false;            ///< neither of the two: ALiBi
  activation act = activation::gelu;
};

namespace detail {

/// Plain, gated, or gated with both halves in `up` (wider than the model's n_ff then).
inline tensor* bert_ffn(builder& b, int il, tensor* x, activation act) {
  const auto l = static_cast<std::uint32_t>(il);
  if (b.has(il, "ffn_gate_inp"))
    return moe_ffn(
        b, il, x,
        {.norm_weights = false, .act = activation::gelu, .weights_scale = b.hp.moe.weights_scale});
  const bool halves =
      !b.has(il, "ffn_gate") && b.require(il, "ffn_up")->ne[1] != std::int64_t{b.hp.n_ff(l)};
  return ffn(b, il, x, halves ? activation::gated_halves : act);
}

/// Sum of the token, type and position embeddings, normed. All tokens are of the first type.
inline tensor* bert_embeddings(builder& b, tensor* pos, const bert_options& o) {
  tensor* x = b.token_embeddings();
  if (tensor* types = b.weight(-1, "token_types")) x = b.add(x, b.view_1d(types, b.hp.n_embd, 0));
  if (o.position_table) x = b.add(b.get_rows(b.require(-1, "position_embd"), pos), x);
  return b.embedding_norm(norm_kind::layer, x);
}

/// Source: llama.cpp, src/models/bert.cpp: graph
inline void build_bert(builder& b, const bert_options& o) {
  const int n_layer = static_cast<int>(b.hp.n_layer());
  tensor* pos = b.positions();
  tensor* stream = bert_embeddings(b, pos, o);
  uncached_attention attention(b);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    qkv x = project_qkv(b, il, stream);
    x.q = norm_across_heads(b, il, "attn_q_norm", x.q);
    x.k = norm_across_heads(b, il, "attn_k_norm", x.k);
    if (o.rope) rotate_positions(b, x, pos);
    tensor* y = attention(il, x);
    if (il == n_layer - 1) {
      y = b.get_rows(y, out_ids);
      stream = b.get_rows(stream, out_ids);
    }
    y = b.layer_norm_of(il, "attn_output_norm", b.add(y, stream));
    if (b.has(il, "attn_norm_2")) y = b.layer_norm_of(il, "attn_norm_2", b.add(y, stream));
    stream = b.layer_norm_of(il, "layer_output_norm", b.add(bert_ffn(b, il, y, o.act), y));
  }
  b.embd = stream;
  b.expand(stream);
}

}  // namespace detail

inline void build_bert(builder& b) { detail::build_bert(b, {.position_table = true}); }
inline void build_jina_bert_v2(builder& b) { detail::build_bert(b, {}); }
/// Also Nomic BERT with experts, which are in every second layer.
inline void build_jina_bert_v3(builder& b) { detail::build_bert(b, {.rope = true}); }

/// Feed-forward layers are gated by SiLU.
inline void build_nomic_bert(builder& b) {
  detail::build_bert(b, {.rope = true, .act = activation::silu});
}

}  // namespace vrambudget::arch
