// Qwen4 (experimental): delta nets and attention to blocks an index chooses, around hyper-connected
// streams with low-rank gates, and a table of n-grams beside one layer.
#pragma once

#include <optional>

#include "vrambudget/arch/blocks/block_choice.hpp"
#include "vrambudget/arch/blocks/ngrams.hpp"
#include "vrambudget/arch/blocks/pooled_index.hpp"
#include "vrambudget/arch/qwen3next.hpp"

namespace vrambudget::arch {

namespace detail {

/// Names of the tensors around one block.
struct gated_stream_names {
  tensor_name norm, down, up, inject;
  bool injects = true;  ///< false: nothing is written back
};
inline constexpr gated_stream_names gated_attention_streams{"hc_attn_norm", "hc_attn_down",
                                                            "hc_attn_up", "hc_attn_inject"};
inline constexpr gated_stream_names gated_ffn_streams{"hc_ffn_norm", "hc_ffn_down", "hc_ffn_up",
                                                      "hc_ffn_inject"};
inline constexpr gated_stream_names gated_head_streams{"output_hc_norm", "output_hc_down",
                                                       "output_hc_up", "", false};
inline constexpr gated_stream_names gated_draft_streams{"nextn.hc_head_norm", "nextn.hc_head_down",
                                                        "nextn.hc_head_up", "", false};

/// What a block reads, and the weight of its result in each stream before it is activated.
struct gated_block {
  tensor *input, *inject;
};

/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_hc_mix
inline gated_block read_gated(builder& b, int il, tensor* streams,
                              const gated_stream_names& names) {
  const std::int64_t n_embd = streams->ne[0], hc = streams->ne[1], nt = streams->ne[2];
  tensor* normed = b.reshape(norm_streams(b, il, names.norm, streams), n_embd * hc, nt);
  tensor* low = b.mul_mat(b.require(il, names.down), normed);
  tensor* gate = b.mul_mat(b.require(il, names.up), b.silu(b.scale(low)));
  gated_block out{};
  if (b.cp.fused.hc_pre && il >= 0) {
    tensor* x = b.reshape(normed, n_embd, hc, nt);
    out.input = b.hc_pre_gated(x, b.reshape(gate, n_embd, hc, nt));
    builder::named(out.input, "hc_pre", il);
  } else {
    tensor* gated = b.reshape(b.mul(normed, b.sigmoid(gate)), n_embd, hc, nt);
    out.input = b.cont(stream(b, gated, 0));
    for (std::int64_t i = 1; i < hc; ++i) out.input = b.add(out.input, stream(b, gated, i));
    out.input = b.scale(out.input);
  }
  if (names.injects) out.inject = b.mul_mat(b.require(il, names.inject), normed);
  return out;
}

/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_hc_combine
inline tensor* write_gated(builder& b, int il, tensor* x, tensor* streams, tensor* inject) {
  tensor* weights = b.scale(b.sigmoid(b.scale(inject)));
  if (b.cp.fused.hc_post)
    return builder::named(b.hc_post(x, streams, weights, nullptr), "hc_post", il);
  const std::int64_t n_embd = streams->ne[0], hc = streams->ne[1], nt = streams->ne[2];
  weights = b.reshape(weights, 1, hc, nt);
  tensor* all = b.repeat(b.reshape(x, n_embd, 1, nt), {n_embd, hc, nt, 1});
  return b.add(streams, b.mul(all, weights));
}

/// Pooled keys are means of those of a block, normed, and rotated to where the block begins. A block's
/// score is the plain sum over the heads.
///
/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_qsa_sel
class mean_block_index {
 public:
  mean_block_index(builder& b, tensor* mask)
      : b_(b),
        mask_(mask),
        index_(b),
        positions_(b.get_graph().make_input("new_pool_pos", ggml_type::i32, 4 * index_.n_new)) {}

  /// The mask of attention in layer `il`, with everything but the chosen cells masked.
  tensor* operator()(int il, tensor* x, tensor* pos) {
    const pooled_index::layer layer =
        index_.store(il, b_.mul_mat(b_.require(il, "indexer.k_proj"), x));
    tensor* keys = index_.pool(layer, pooled(il, layer.members));
    tensor* scores = score(il, x, pos, keys);
    tensor* best = builder::named(b_.top_k(scores, index_.n_best), "top_k", il);
    tensor* cells = index_.cells(best);
    b_.expand(cells);
    tensor* live = live_places(scores, best);
    tensor* dump = b_.scale(b_.cumsum(b_.fill(live)));
    tensor* open = index_.open(index_.redirected(cells, live, dump), mask_);
    const std::uint64_t row = open->nb[2], tokens = static_cast<std::uint64_t>(mask_->ne[1]);
    open = b_.view_4d(open, mask_->ne, row, row * tokens,
                      row * tokens * static_cast<std::uint64_t>(mask_->ne[2]), 0);
    return b_.reshape(b_.add(open, mask_), mask_->ne[0], mask_->ne[1], mask_->ne[2], mask_->ne[3]);
  }

  [[nodiscard]] std::int64_t n_chosen() const { return index_.n_chosen; }

 private:
  /// Shape:    members [head, cells of a block, new blocks]; result [head, new blocks]
  tensor* pooled(int il, tensor* members) {
    const std::int64_t head = members->ne[0], n = members->ne[2];
    tensor* sum = nullptr;
    for (std::int64_t i = 0; i < index_.size; ++i) {
      tensor* t = b_.view_2d(members, head, n, members->nb[2],
                             static_cast<std::uint64_t>(i) * members->nb[1]);
      sum = sum ? b_.add(sum, t) : b_.cont(t);
    }
    tensor* mean = b_.rms_norm_of(il, "indexer.k_norm", b_.scale(sum));
    return b_.reshape(b_.rope(b_.reshape(mean, head, 1, n), positions_), head, n);
  }
  tensor* score(int il, tensor* x, tensor* pos, tensor* keys) {
    const std::int64_t nt = b_.ub.n_tokens, head = b_.hp.indexer.head_size,
                       n_head = b_.hp.indexer.n_head;
    tensor* q = b_.reshape(b_.mul_mat(b_.require(il, "indexer.q_proj"), x), head, n_head, nt);
    q = b_.rope(b_.rms_norm_of(il, "indexer.q_norm", q), pos);
    return index_.score(il, q, keys, b_.fill(b_.get_graph().make(ggml_type::f32, n_head, nt)));
  }
  /// One for each chosen place that has a cell, zero for the others: a visible block's score is not
  /// negative, and where the tail ends it has the number of no cell.
  tensor* live_places(tensor* scores, tensor* best) {
    const std::int64_t nt = b_.ub.n_tokens, n = index_.n_best, size = index_.size;
    tensor* of_best = b_.get_rows(b_.reshape(scores, 1, index_.n_block, nt), best);
    of_best = b_.clamp(b_.scale(of_best));
    of_best = b_.reshape(b_.repeat(of_best, {size, n, nt, 1}), size * n, nt);
    tensor* of_tail = b_.clamp(b_.scale(b_.cast(index_.tail, ggml_type::f32)));
    return b_.concat(of_best, of_tail, 0);
  }

  builder& b_;
  tensor* mask_;
  pooled_index index_;
  tensor* positions_;
};

/// Which cells attention reads, by either rule of `pools_index_blocks`.
class qwen4_index {
 public:
  qwen4_index(builder& b, attention_input& attention) : b_(b), attention_(attention) {
    if (b.cp.rules.pools_index_blocks && b.hp.indexer.head_size > 0 && b.hp.indexer.kpool > 0)
      pooled_.emplace(b, attention.mask());
    else
      by_batch_.emplace(b, attention.mask());
  }

  attention_options operator()(int il, tensor* x, tensor* pos) {
    attention_options o{.project = false};
    if (b_.hp.indexer.head_size == 0 || b_.hp.indexer.block_arr[static_cast<std::size_t>(il)] == 0)
      return o;
    if (pooled_) {
      o.mask = (*pooled_)(il, x, pos);
      o.n_kv_max = pooled_->n_chosen();
    } else {
      tensor* cells = (*by_batch_)(il, x, pos);
      o.n_kv_max = cells->ne[0];
      o.mask = mask_all_but(b_, attention_.mask(), cells, ggml_type::f32);
    }
    return o;
  }

 private:
  builder& b_;
  attention_input& attention_;
  std::optional<block_chooser> by_batch_;
  std::optional<mean_block_index> pooled_;
};

}  // namespace detail

inline void build_qwen4exp(builder& b) {
  tensor* embeddings = b.token_embeddings();
  recurrent_input rs(b);
  attention_input attention(b);
  detail::qwen4_index choose(b, attention);
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();
  tensor* ngrams = nullptr;
  if (b.hp.ple.n_heads > 0) b.expand(ngrams = ngram_embeddings(b));
  tensor* streams = start_streams(b, embeddings);
  if (b.cp.rules.pools_index_blocks) b.expand(streams);

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    const auto l = static_cast<std::uint32_t>(il);
    if (b.hp.is_ple(l)) streams = add_ngrams(b, rs, il, ngrams, streams);
    detail::gated_block block = detail::read_gated(b, il, streams, detail::gated_attention_streams);
    b.expand(block.input);
    tensor* y;
    if (b.hp.is_recr(l)) {
      y = delta_net(b, rs, il, detail::separate_inputs(b, il, block.input), false,
                    {.sigmoid_gate = true, .copies_states = true});
    } else {
      y = detail::gated_attention(b, attention, il, block.input, pos, false,
                                  choose(il, block.input, pos));
    }
    if (il == n_layer - 1) {
      y = b.get_rows(y, out_ids);
      block.inject = b.get_rows(block.inject, out_ids);
      streams = pick_rows(b, streams, out_ids);
    }
    streams = detail::write_gated(b, il, y, streams, block.inject);

    block = detail::read_gated(b, il, streams, detail::gated_ffn_streams);
    y = detail::gated_experts(b, il, block.input);
    streams = b.last_of_layer(il, detail::write_gated(b, il, y, streams, block.inject));
  }
  b.embd = detail::read_gated(b, -1, streams, detail::gated_head_streams).input;
  b.finish_logits();
}

/// One more layer, which attends, and a head of its own. All streams go through it.
///
/// Source:   llama.cpp, src/models/qwen4exp.cpp: graph_mtp
inline void build_qwen4exp_nextn(builder& b) {
  const int il = static_cast<int>(b.hp.n_layer());
  const std::int64_t n_embd = b.hp.n_embd, hc = b.hp.hc.mult, nt = b.ub.n_tokens;
  tensor* rows = b.get_rows(b.require(-1, "token_embd"), b.token_ids());
  tensor* h = b.reshape(b.hidden_state(hc * n_embd), n_embd, hc, nt);
  recurrent_input rs(b);
  attention_input attention(b);
  rs.keep_indices();
  detail::qwen4_index choose(b, attention);
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();
  b.reshaped_weight(il, "nextn.hnorm", {n_embd, hc, 1, 1});
  tensor* h_norm = b.rms_norm_of(il, "nextn.hnorm", h);
  tensor* e_norm = start_streams(b, b.rms_norm_of(il, "nextn.enorm", rows));
  tensor* streams = b.linear(il, "nextn.eh_proj", b.concat(e_norm, h_norm, 0));

  detail::gated_block block = detail::read_gated(b, il, streams, detail::gated_attention_streams);
  tensor* y = detail::gated_attention(b, attention, il, block.input, pos, false,
                                      choose(il, block.input, pos));
  streams = detail::write_gated(b, il, y, streams, block.inject);
  block = detail::read_gated(b, il, streams, detail::gated_ffn_streams);
  y = detail::gated_experts(b, il, block.input);
  streams = detail::write_gated(b, il, y, streams, block.inject);

  b.h_nextn = b.get_rows(b.reshape(streams, n_embd * hc, nt), out_ids);
  b.expand(b.h_nextn);
  streams = b.reshape(b.h_nextn, n_embd, hc, b.h_nextn->ne[1]);
  b.embd = detail::read_gated(b, il, streams, detail::gated_draft_streams).input;
  b.finish_logits();
}

}  // namespace vrambudget::arch
