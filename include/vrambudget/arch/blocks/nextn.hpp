// NextN layers as a graph of their own: the embedding of the token just drafted beside the hidden
// state it came from, made one, through one layer, to logits.
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// How the NextN layers of architectures differ.
struct nextn_layer {
  norm_kind norm = norm_kind::rms;
  tensor_name ffn_norm = "post_attention_norm";
  bool early_rows = false;  ///< rows that need logits are picked after attention
};

/// Runs `attention(il, x)` and `feed_forward(il, x)` of the first NextN layer around a residual stream.
///
/// Source:   llama.cpp v0.5.0, src/models: graph_mtp of each architecture
template <class Attention, class FeedForward>
void build_nextn(builder& b, const nextn_layer& o, Attention&& attention,
                 FeedForward&& feed_forward) {
  const int il = static_cast<int>(b.hp.n_layer());
  tensor* own = b.weight(il, "nextn.embed_tokens");
  tensor* rows = b.get_rows(own ? own : b.require(-1, "token_embd"), b.token_ids());
  tensor* h = b.hidden_state(b.hp.n_embd);
  tensor* out_ids = b.output_ids();

  tensor* h_norm = b.norm_of(o.norm, il, "nextn.hnorm", h);
  tensor* e_norm = b.norm_of(o.norm, il, "nextn.enorm", rows);
  tensor* residual = b.linear(il, "nextn.eh_proj", b.concat(e_norm, h_norm, 0));
  tensor* y = attention(il, b.norm_of(o.norm, il, "attn_norm", residual));
  if (o.early_rows) {
    y = b.get_rows(y, out_ids);
    residual = b.get_rows(residual, out_ids);
  }
  residual = builder::named(b.add(y, residual), "ffn_inp", il);
  y = feed_forward(il, b.norm_of(o.norm, il, o.ffn_norm, residual));
  tensor* stream = builder::named(b.add(y, residual), "l_out", il);

  tensor* normed = b.has(il, "nextn.shared_head_norm")
                       ? b.rms_norm_unpinned(il, "nextn.shared_head_norm", stream)
                       : b.norm_of(o.norm, -1, "output_norm", stream);
  b.h_nextn = normed;
  if (!o.early_rows) normed = b.get_rows(normed, out_ids);
  tensor* head = b.weight(il, "nextn.shared_head_head");
  tensor* scale =
      head ? b.weight(il, "nextn.shared_head_head", ".scale") : b.weight(-1, "output", ".scale");
  tensor* logits = b.mul_mat(head ? head : b.output_matrix(), normed);
  if (scale) logits = b.mul(logits, scale);
  b.logits = builder::named(logits, "result_output", -1);
  b.expand(b.logits);
}

}  // namespace vrambudget::arch
