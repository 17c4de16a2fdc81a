// The skeleton most architectures share: embeddings, then per layer attention and feed-forward around
// a residual stream, then norm and logits. Descriptions say what is inside a layer, and what differs.
#pragma once

#include <optional>

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// When the rows that need logits are picked from the batch.
enum class row_selection : std::uint8_t {
  early,        ///< in the last layer, after its attention
  before_norm,  ///< after the last layer; its full output is kept for a draft head
  after_norm,   ///< after the final norm, whose full output is kept for a draft head
};

/// Norms, scales and order around the layers of a decoder.
struct decoder {
  norm_kind norm = norm_kind::rms;
  tensor_name ffn_norm = "ffn_norm";
  bool scale_embeddings = false;     ///< times a constant, besides GGUF's embedding scale
  bool post_norms = false;           ///< norms after attention and after feed-forward
  bool residual_first = false;       ///< residual + y instead of y + residual, after feed-forward
  bool attn_residual_first = false;  ///< the same after attention
  row_selection rows = row_selection::early;
  bool keeps_hidden = false;    ///< rows picked early, and the normed result kept for a draft head
  bool softcap_logits = false;  ///< scale, tanh, scale
  bool embd_norm = false;       ///< a norm right after the embeddings
  bool bare_first = false;      ///< the first layer may come without a norm before its attention
  tensor_name output_norm = "output_norm";
  bool logits = true;  ///< false: the normed hidden state is the result
};

/// Runs `attention(il, x)` and `feed_forward(il, x)` in every layer. Both get the normed input, shape
/// [n_embd, tokens], and give the same shape.
template <class Attention, class FeedForward>
void build_decoder(builder& b, const decoder& d, Attention&& attention,
                   FeedForward&& feed_forward) {
  const int n_layer = static_cast<int>(b.hp.n_layer());
  const auto branch_scaled = [&](tensor* t) {
    return b.hp.f_residual_scale != 0.0f ? b.scale(t) : t;
  };
  tensor* stream = b.token_embeddings();
  if (d.scale_embeddings) stream = b.scale(stream);
  if (d.embd_norm) stream = b.embedding_norm(d.norm, stream);
  tensor* out_ids = b.output_ids();

  for (int il = 0; il < n_layer; ++il) {
    tensor* residual = stream;
    const bool bare = d.bare_first && !b.has(il, "attn_norm");
    tensor* y = attention(il, bare ? stream : b.norm_of(d.norm, il, "attn_norm", stream));
    if (il == n_layer - 1 && d.rows == row_selection::early) {
      y = b.get_rows(y, out_ids);
      residual = b.get_rows(residual, out_ids);
    }
    if (d.post_norms) y = b.norm_of(d.norm, il, "post_attention_norm", y);
    y = branch_scaled(y);
    residual = builder::named(d.attn_residual_first ? b.add(residual, y) : b.add(y, residual),
                              "ffn_inp", il);
    y = feed_forward(il, b.norm_of(d.norm, il, d.ffn_norm, residual));
    if (d.post_norms) y = b.rms_norm_unpinned(il, "post_ffw_norm", y);
    y = branch_scaled(y);
    stream =
        builder::named(d.residual_first ? b.add(residual, y) : b.add(y, residual), "l_out", il);
  }

  if (d.rows == row_selection::before_norm) {
    b.h_nextn = stream;
    stream = b.get_rows(stream, out_ids);
  }
  tensor* normed = b.norm_of(d.norm, -1, d.output_norm, stream);
  if (d.keeps_hidden) b.h_nextn = normed;
  if (d.rows == row_selection::after_norm) {
    b.h_nextn = normed;
    normed = b.get_rows(normed, out_ids);
  }
  b.embd = normed;
  if (d.logits)
    b.finish_logits(d.softcap_logits);
  else
    b.expand(normed);
}

}  // namespace vrambudget::arch
