// NextN layers as a graph of their own: the embedding of the token just drafted beside the hidden
// state it came from, made one, through one layer, to logits.
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// When rows that need logits are picked from the batch of a NextN layer.
enum class nextn_rows : std::uint8_t {
  after_norm,       ///< after the head's norm
  before_norm,      ///< before it, and what they were is kept for the next draft
  after_attention,  ///< branch and residual, before they are added
  after_residual,   ///< when they are added
};

/// How the NextN layers of architectures differ.
struct nextn_layer {
  norm_kind norm = norm_kind::rms;
  tensor_name ffn_norm = "post_attention_norm";
  nextn_rows rows = nextn_rows::after_norm;
  norm_kind head_norm = norm_kind::rms;  ///< of a norm the head has for itself
  bool parallel = false;      ///< feed-forward beside attention, over the same normed input
  bool scale_logits = false;  ///< the model's logit scale holds for drafts too
};

namespace detail {
/// The norm before the head: its own, the layer's, or the model's.
inline tensor* nextn_head_norm(builder& b, const nextn_layer& o, int il, tensor* x) {
  for (const tensor_name name :
       {tensor_name("nextn.shared_head_norm"), tensor_name("layer_output_norm")})
    if (b.has(il, name))
      return o.head_norm == norm_kind::layer ? b.layer_norm_unpinned(il, name, x)
                                             : b.rms_norm_unpinned(il, name, x);
  return b.norm_of(o.norm, -1, "output_norm", x);
}
/// Embeddings of the tokens just drafted, from a table of the layer's own or the model's.
inline tensor* nextn_rows_of_tokens(builder& b, int il) {
  tensor* own = b.weight(il, "nextn.embed_tokens");
  return b.get_rows(own ? own : b.require(-1, "token_embd"), b.token_ids());
}

/// Logits by the head of the layer, or the model's.
inline void finish_nextn_logits(builder& b, const nextn_layer& o, int il, tensor* x) {
  tensor* head = b.weight(il, "nextn.shared_head_head");
  tensor* logits = b.mul_mat(head ? head : b.output_matrix(), x);
  tensor* scale =
      head ? b.weight(il, "nextn.shared_head_head", ".scale") : b.weight(-1, "output", ".scale");
  if (scale) logits = b.mul(logits, scale);
  if (o.scale_logits && b.hp.scale.f_logit != 0.0f) logits = b.scale(logits);
  b.logits = builder::named(logits, "result_output", -1);
  b.expand(b.logits);
}
}  // namespace detail

/// Runs `attention(il, x)` and `feed_forward(il, x)` of the first NextN layer around a residual stream.
///
/// Source:   llama.cpp, src/models: graph_mtp of each architecture
template <class Attention, class FeedForward>
void build_nextn(builder& b, const nextn_layer& o, Attention&& attention,
                 FeedForward&& feed_forward) {
  const int il = static_cast<int>(b.hp.n_layer());
  tensor* rows = detail::nextn_rows_of_tokens(b, il);
  tensor* h = b.hidden_state(b.hp.n_embd);
  tensor* out_ids = b.output_ids();
  const nextn_rows rows_picked = b.cp.rules.picks_rows_early ? nextn_rows::after_attention : o.rows;

  tensor* h_norm = b.norm_of(o.norm, il, "nextn.hnorm", h);
  tensor* e_norm = b.norm_of(o.norm, il, "nextn.enorm", rows);
  tensor* residual = b.linear(il, "nextn.eh_proj", b.concat(e_norm, h_norm, 0));
  tensor* normed = b.norm_of(o.norm, il, "attn_norm", residual);
  tensor* y = attention(il, normed);
  tensor* stream;
  if (o.parallel) {
    stream = b.add(b.add(feed_forward(il, normed), residual), y);
  } else {
    if (rows_picked == nextn_rows::after_attention) {
      y = b.get_rows(y, out_ids);
      residual = b.get_rows(residual, out_ids);
    }
    residual = builder::named(b.add(y, residual), "ffn_inp", il);
    if (rows_picked == nextn_rows::after_residual) residual = b.get_rows(residual, out_ids);
    stream = b.add(feed_forward(il, b.norm_of(o.norm, il, o.ffn_norm, residual)), residual);
  }
  builder::named(stream, "l_out", il);

  if (rows_picked == nextn_rows::before_norm) b.h_nextn = stream = b.get_rows(stream, out_ids);
  stream = detail::nextn_head_norm(b, o, il, stream);
  if (rows_picked != nextn_rows::before_norm) b.h_nextn = stream;
  if (rows_picked == nextn_rows::after_norm) stream = b.get_rows(stream, out_ids);
  detail::finish_nextn_logits(b, o, il, stream);
}

}  // namespace vrambudget::arch
