// Gemma 3n: four parallel streams of which one is computed and the others are predicted and corrected
// (AltUp), a low-rank branch beside attention (Laurel), per-layer embeddings, shared caches.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/per_layer.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Feed-forward layers of the first so many layers are sparse.
inline constexpr int gemma3n_sparse_layers = 10;
/// Parallel streams, of which this one is computed, and the width of embeddings beside each layer.
inline constexpr std::int64_t n_altup = 4, i_altup_act = 0, n_embd_altup = 256;

class gemma3n {
 public:
  explicit gemma3n(builder& b) : b_(b), n_embd_(b.hp.n_embd), nt_(b.ub.n_tokens) {}

  /// The computed stream with the others made from it: [n_embd, tokens, streams].
  tensor* spread(tensor* x) {
    tensor* magnitude = length(x);
    tensor* others = b_.plain_mul_mat(b_.require(-1, "altup_proj"),
                                      b_.repeat(x, {n_embd_, nt_, n_altup - 1, 1}));
    return b_.concat(x, rescaled(others, magnitude), 2);
  }

  /// The mean of all streams, each brought back to the length of the computed one.
  tensor* merge(tensor* streams) {
    tensor* magnitude = length(slice(b_, streams, i_altup_act));
    tensor* others = b_.plain_mul_mat(b_.require(-1, "altup_unembd_proj"), rest(streams));
    others = rescaled(others, magnitude);
    tensor* sum = slice(b_, streams, 0);
    for (std::int64_t i = 0; i + 1 < n_altup; ++i) sum = b_.add(sum, slice(b_, others, i));
    return b_.scale(sum);
  }

  /// One layer. `per_layer`: the vectors of all layers.
  tensor* layer(int il, tensor* streams, attention_input& attention, tensor* pos,
                tensor* per_layer) {
    tensor* predicted = predict(il, streams);
    tensor* x = slice(b_, predicted, i_altup_act);
    tensor* normed = b_.rms_norm_of(il, "attn_norm", x);
    tensor* low_rank = laurel(il, normed);
    tensor* y = b_.rms_norm_of(il, "post_attention_norm", attend(il, normed, attention, pos));
    x = b_.scale(b_.add(b_.add(y, x), low_rank));
    y = feed_forward(il, b_.rms_norm_of(il, "ffn_norm", x));
    x = b_.add(b_.rms_norm_unpinned(il, "post_ffw_norm", y), x);

    tensor* corrected = correct(il, predicted, x);
    tensor* first =
        b_.mul(slice(b_, corrected, i_altup_act), b_.require(il, "altup_correct_scale"));
    first = per_layer_embedding(b_, il, first, per_layer);
    return builder::named(b_.concat(slice(b_, corrected, 0), b_.add(rest(corrected), first), 2),
                          "l_out", il);
  }

 private:
  /// Length of each row.
  tensor* length(tensor* x) { return b_.sqrt(b_.sum_rows(b_.sqr(x))); }
  tensor* rescaled(tensor* x, tensor* magnitude) {
    tensor* own = length(x);
    return b_.div(b_.mul(x, magnitude), own);
  }
  /// All streams but the first.
  tensor* rest(tensor* streams) {
    const std::uint64_t row = row_size(streams->type, static_cast<std::uint64_t>(n_embd_)).count;
    const std::uint64_t plane = row * static_cast<std::uint64_t>(nt_);
    return b_.view_3d(streams, n_embd_, nt_, n_altup - 1, row, plane, plane);
  }

  /// What each stream says about the others: [streams, tokens].
  tensor* modalities(int il, tensor* x) {
    tensor* y = b_.scale(b_.rms_norm_of(il, "altup_router_norm", x));
    return b_.tanh(b_.plain_mul_mat(b_.require(il, "altup_router"), y));
  }
  tensor* predict(int il, tensor* streams) {
    tensor* coefs = b_.linear_without_bias(il, "altup_predict_coef",
                                           modalities(il, slice(b_, streams, i_altup_act)));
    coefs = b_.reshape(coefs, n_altup, n_altup, nt_);
    tensor* y = b_.mul_mat(b_.cont(b_.permute(streams, {1, 2, 0, 3})), coefs);
    return b_.add(b_.cont(b_.permute(y, {0, 2, 1, 3})), streams);
  }
  tensor* correct(int il, tensor* predicted, tensor* x) {
    tensor* modality = modalities(il, x);
    tensor* innovation = b_.sub(x, slice(b_, predicted, i_altup_act));
    tensor* coefs = b_.scale(b_.linear_without_bias(il, "altup_correct_coef", modality));
    coefs = b_.cont(b_.transpose(coefs), 1, nt_, n_altup);
    innovation = b_.repeat(innovation, {n_embd_, nt_, n_altup, 1});
    return b_.add(b_.mul(innovation, coefs), predicted);
  }

  tensor* laurel(int il, tensor* x) {
    tensor* y = b_.linear_without_bias(il, "laurel_l", x);
    y = b_.linear_without_bias(il, "laurel_r", y);
    return b_.add(b_.rms_norm_of(il, "laurel_post_norm", y), x);
  }

  tensor* attend(int il, tensor* x, attention_input& attention, tensor* pos) {
    if (b_.hp.has_kv(static_cast<std::uint32_t>(il))) {
      qkv y = project_qkv(b_, il, x);
      norm_heads(b_, il, y);
      y.v = b_.rms_norm(y.v);
      rotate_positions(b_, y, pos);
      return attention(il, y);
    }
    tensor* q = b_.rms_norm_of(il, "attn_q_norm", project_q(b_, il, x));
    return attention(il, {.q = b_.rope(q, pos)});
  }

  tensor* feed_forward(int il, tensor* x) {
    tensor* up = b_.linear_without_bias(il, "ffn_up", x);
    tensor* gate = b_.linear_without_bias(il, "ffn_gate", x);
    if (il < gemma3n_sparse_layers) gate = gaussian_top(gate);
    return b_.linear_without_bias(il, "ffn_down", b_.mul(up, b_.gelu(gate)));
  }
  /// What exceeds the mean by some standard deviations.
  tensor* gaussian_top(tensor* x) {
    tensor* mean = b_.mean(x);
    tensor* variance = b_.scale(b_.sum_rows(b_.sqr(b_.sub(x, mean))));
    return b_.relu(b_.sub(x, b_.add(mean, b_.scale(b_.sqrt(variance)))));
  }

  builder& b_;
  std::int64_t n_embd_, nt_;
};

}  // namespace detail

/// Source: llama.cpp, src/models/gemma3n.cpp: graph
inline void build_gemma3n(builder& b) {
  tensor* x = b.token_embeddings(embedding_scale::of_tokens);
  tensor* pos = b.positions();
  attention_input attention(b);
  tensor* per_layer = per_layer_inputs(b, x, detail::n_embd_altup);
  detail::gemma3n model(b);
  tensor* streams = model.spread(x);
  for (int il = 0; il < static_cast<int>(b.hp.n_layer()); ++il)
    streams = model.layer(il, streams, attention, pos, per_layer);
  x = b.get_rows(model.merge(streams), b.output_ids());
  b.embd = b.rms_norm_of(-1, "output_norm", x);
  b.finish_logits(true);
}

}  // namespace vrambudget::arch
