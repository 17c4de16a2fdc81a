// The skeleton most architectures share: embeddings, then per layer attention and feed-forward around
// a residual stream, then norm and logits. Descriptions say what is inside a layer, and what differs.
#pragma once

#include <optional>

#include "vrambudget/arch/blocks/pooling.hpp"

namespace vrambudget::arch {

/// When the rows that need logits are picked from the batch.
enum class row_selection : std::uint8_t {
  early,        ///< in the last layer, after its attention
  before_norm,  ///< after the last layer; its full output is kept for a draft head
  after_norm,   ///< after the final norm, whose full output is kept for a draft head
  none,         ///< all rows get logits
};

/// Norms, scales and order around the layers of a decoder.
struct decoder {
  norm_kind norm = norm_kind::rms;
  tensor_name ffn_norm = "ffn_norm";
  embedding_scale embd_scale = embedding_scale::none;
  bool post_norms = false;           ///< norms after attention and after feed-forward
  bool residual_first = false;       ///< residual + y instead of y + residual, after feed-forward
  bool attn_residual_first = false;  ///< the same after attention
  row_selection rows = row_selection::early;
  bool keeps_hidden = false;    ///< rows picked early, and the normed result kept for a draft head
  bool softcap_logits = false;  ///< scale, tanh, scale
  bool embd_norm = false;       ///< a norm right after the embeddings
  bool learned_positions = false;  ///< a table of positions, added to the embeddings
  bool shared_norm = false;  ///< without a norm of its own, feed-forward reads what attention reads
  bool bare_first = false;   ///< the first layer may come without a norm before its attention
  tensor_name output_norm = "output_norm";
  bool logits = true;              ///< false: the normed hidden state is the result
  std::uint32_t n_head_layer = 0;  ///< layers at the end that follow the norm, and pick the rows
  bool projects_embd = false;   ///< embeddings, not logits, go through "cls.output" if there is one
  bool pads_logits = false;     ///< the output matrix may lack rows of the vocabulary
  bool pins_post_norm = false;  ///< the norm after feed-forward is tied to its layer's device
};

/// The choice of rows in the last layer, if rows are chosen early; elsewhere it gives back what it gets.
class last_rows {
 public:
  last_rows(builder& b, tensor* out_ids) : b_(b), out_ids_(out_ids) {}
  tensor* operator()(tensor* t) const { return out_ids_ ? b_.get_rows(t, out_ids_) : t; }

 private:
  builder& b_;
  tensor* out_ids_;
};

/// The n-th n_embd columns of input embeddings that are wider than a hidden state.
inline tensor* input_columns(builder& b, int n) {
  return b.view_2d(b.inp_embd, b.hp.n_embd, b.ub.n_tokens, b.inp_embd->nb[1],
                   static_cast<std::uint64_t>(n) * b.hp.n_embd * b.inp_embd->nb[0]);
}

/// When this build picks the rows: hidden states that drafts read are kept since the rule
/// `picks_rows_early` is gone.
inline row_selection rows_picked(const builder& b, const decoder& d) {
  return b.cp.rules.picks_rows_early && d.rows != row_selection::none ? row_selection::early
                                                                      : d.rows;
}

/// Embeddings, then `layer(il, stream, pick)` for every layer, then norm and logits. A layer gives the
/// next stream, [n_embd, tokens]; it passes the result of attention, and whatever of before is added or
/// read after it, through `pick`.
template <class Layer>
void build_stack(builder& b, const decoder& d, Layer&& layer) {
  const int n_layer = static_cast<int>(b.hp.n_layer() - d.n_head_layer);
  tensor* stream = b.token_embeddings(d.embd_scale);
  if (d.learned_positions)
    stream = b.add(stream, b.get_rows(b.require(-1, "position_embd"), b.positions()));
  if (d.embd_norm) stream = b.embedding_norm(d.norm, stream);
  tensor* out_ids = b.output_ids();
  const row_selection rows = rows_picked(b, d);

  for (int il = 0; il < n_layer; ++il) {
    b.enters_layer(il, stream);
    const bool picks = il == n_layer - 1 && rows == row_selection::early && d.n_head_layer == 0;
    stream =
        builder::named(layer(il, stream, last_rows(b, picks ? out_ids : nullptr)), "l_out", il);
    if (b.hp.loop.is_normed && il + 1 < n_layer && (il + 1) % b.hp.loop.n_layer == 0)
      stream = b.scale_and_shift(il, "loop_norm", b.rms_norm(stream), b.weight(-1, "output_norm"),
                                 nullptr);
    if (const int columns = b.hp.deepstack(static_cast<std::uint32_t>(il)); columns >= 0)
      stream = b.add(stream, input_columns(b, columns));
  }

  if (rows == row_selection::before_norm) {
    b.h_nextn = stream;
    stream = b.get_rows(stream, out_ids);
  }
  tensor* normed = b.norm_of(d.norm, -1, d.output_norm, stream);
  if (d.keeps_hidden) b.h_nextn = normed;
  if (rows == row_selection::after_norm) {
    b.h_nextn = normed;
    normed = b.get_rows(normed, out_ids);
  }
  b.embd = normed;
  const bool projects = d.projects_embd && b.has(-1, "cls.output");
  tensor* projected = projects ? detail::biased(b, "cls.output", normed) : normed;
  if (projects || !d.logits) b.expand(projected);
  if (d.logits) b.finish_logits(d.softcap_logits, d.pads_logits);
  b.embd = projected;
}

/// A stack whose layers run `attention(il, x)`, then `feed_forward(il, x)`. Both get the normed input,
/// shape [n_embd, tokens], and give the same shape.
template <class Attention, class FeedForward>
void build_decoder(builder& b, const decoder& d, Attention&& attention,
                   FeedForward&& feed_forward) {
  const auto branch_scaled = [&](tensor* t) {
    return b.hp.scale.f_residual != 0.0f ? b.scale(t) : t;
  };
  build_stack(b, d, [&](int il, tensor* stream, const last_rows& pick) {
    const bool bare = d.bare_first && !b.has(il, "attn_norm");
    tensor* normed = bare ? stream : b.norm_of(d.norm, il, "attn_norm", stream);
    tensor* y = pick(attention(il, normed));
    tensor* residual = pick(stream);
    if (d.post_norms) y = b.norm_of(d.norm, il, "post_attention_norm", y);
    y = branch_scaled(y);
    residual = builder::named(d.attn_residual_first ? b.add(residual, y) : b.add(y, residual),
                              "ffn_inp", il);
    const bool shared = d.shared_norm && !b.has(il, d.ffn_norm);
    y = feed_forward(il, shared ? pick(normed) : b.norm_of(d.norm, il, d.ffn_norm, residual));
    if (d.post_norms)
      y = d.pins_post_norm ? b.rms_norm_of(il, "post_ffw_norm", y)
                           : b.rms_norm_unpinned(il, "post_ffw_norm", y);
    y = branch_scaled(y);
    return d.residual_first ? b.add(residual, y) : b.add(y, residual);
  });
}

/// Norms of a stack that norms what its branches give instead of what they get.
struct branch_norms {
  tensor_name attention = "post_attention_norm", feed_forward = "post_ffw_norm";
  bool pinned = false;        ///< the norm after feed-forward is tied to its layer's device
  bool feeds_branch = false;  ///< feed-forward reads what attention gave, without the stream
};

/// A stack as that of `build_decoder`, with norms after the branches only.
template <class Attention, class FeedForward>
void build_post_norm_decoder(builder& b, const decoder& d, const branch_norms& norms,
                             Attention&& attention, FeedForward&& feed_forward) {
  build_stack(b, d, [&](int il, tensor* stream, const last_rows& pick) {
    tensor* y = pick(attention(il, stream));
    tensor* residual = pick(stream);
    y = b.norm_of(d.norm, il, norms.attention, y);
    residual = b.add(y, residual);
    y = feed_forward(il, norms.feeds_branch ? y : residual);
    y = norms.pinned ? b.rms_norm_of(il, norms.feed_forward, y)
                     : b.rms_norm_unpinned(il, norms.feed_forward, y);
    return b.add(y, residual);
  });
}

/// The order in which two parallel branches and the stream are added.
enum class parallel_sum : std::uint8_t {
  ffn_stream_attention,
  ffn_attention_stream,
  attention_ffn_stream
};

/// A stack whose layers run attention and feed-forward side by side on the same stream: under one norm,
/// or with one of their own if the file has it.
template <class Attention, class FeedForward>
void build_parallel_decoder(builder& b, const decoder& d, parallel_sum sum, Attention&& attention,
                            FeedForward&& feed_forward) {
  build_stack(b, d, [&](int il, tensor* stream, const last_rows& pick) {
    tensor* normed = b.norm_of(d.norm, il, "attn_norm", stream);
    tensor* attn_in =
        b.has(il, "attn_norm_2") ? b.norm_of(d.norm, il, "attn_norm_2", stream) : normed;
    tensor* attended = pick(attention(il, attn_in));
    stream = pick(stream);
    tensor* ffn_in =
        b.has(il, d.ffn_norm) ? b.norm_of(d.norm, il, d.ffn_norm, stream) : pick(normed);
    tensor* fed = feed_forward(il, ffn_in);
    switch (sum) {
      case parallel_sum::ffn_stream_attention:
        return b.add(b.add(fed, stream), attended);
      case parallel_sum::ffn_attention_stream:
        return b.add(b.add(fed, attended), stream);
      default:
        return b.add(b.add(attended, fed), stream);
    }
  });
}

}  // namespace vrambudget::arch
