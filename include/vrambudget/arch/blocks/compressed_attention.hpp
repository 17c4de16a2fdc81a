// Compressed attention (DeepSeek V4): besides a window of raw keys, each layer keeps one key for every
// few tokens, made of their states by a learned weighted mean. Keys are values too.
#pragma once

#include <algorithm>

#include "vrambudget/arch/blocks/attention.hpp"

namespace vrambudget::arch {

/// Names of a compressor's tensors.
struct compressor_names {
  tensor_name values, scores, positions, norm;
};
inline constexpr compressor_names attention_compressor{
    "attn_compressor_kv", "attn_compressor_gate", "attn_compressor_ape", "attn_compressor_norm"};
inline constexpr compressor_names index_compressor{
    "indexer_compressor_kv", "indexer_compressor_gate", "indexer_compressor_ape",
    "indexer_compressor_norm"};

/// One cache of compressed keys with the states of the tokens that fill it, over all its layers.
///
/// Source:   llama.cpp, src/llama-kv-cache-dsv4.cpp: dsv4_build_reserve_comp_plan;
///           src/llama-graph.cpp: dsv4_build_comp_inputs; src/models/deepseek4.cpp
class compressed_cache {
 public:
  /// `overlaps`: a key is made of the states of its own tokens and of those before them.
  compressed_cache(builder& b, const kv_cache& cache, const compressor_state& state,
                   std::int64_t ratio, bool overlaps, ggml_type mask_type)
      : keys(b, cache, mask_type), b_(b), state_(state), ratio_(ratio), overlaps_(overlaps) {
    ggml::graph& g = b.get_graph();
    const std::int64_t nt = b.ub.n_tokens, n_kept = b.cp.n_rs_seq;
    n_rows_ = static_cast<std::int64_t>(state.n_rows) / (1 + n_kept);
    n_block_ = nt / ratio + std::max<std::int64_t>(1, b.ub.n_seqs);
    const auto indices = [&](const char* name, std::int64_t n) {
      return n > 0 ? g.make_input(name, ggml_type::i32, n) : nullptr;
    };
    positions_ = indices("state_pos", nt);
    persist_from_ = indices("state_persist_src", std::min(nt, n_rows_));
    persist_to_ = indices("state_persist_dst", std::min(nt, n_rows_));
    restore_from_ = indices("state_restore_src", n_kept > 0 ? n_rows_ : 0);
    restore_to_ = indices("state_restore_dst", n_kept > 0 ? n_rows_ : 0);
    snapshot_from_ = indices("state_snapshot_src", n_kept * n_rows_);
    snapshot_to_ = indices("state_snapshot_dst", n_kept * n_rows_);
    read_ = indices("state_read", (overlaps ? 2 : 1) * ratio * n_block_);
    write_ = g.make_input("state_write", ggml_type::i64, n_block_);
    write_positions_ = indices("state_write_pos", n_block_);
  }

  cache_input keys;

  /// Makes the keys that the tokens of `x` complete, and keeps the states of the others.
  void compress(int il, tensor* x, const compressor_names& names) {
    tensor* values = b_.linear_without_bias(il, names.values, x);
    tensor* scores = b_.linear_without_bias(il, names.scores, x);
    scores = b_.add(scores, b_.get_rows(b_.require(il, names.positions), positions_));

    tensor *old_values = restored(il, 0), *old_scores = restored(il, 1);
    const auto current = [&](tensor* t) { return b_.view_2d(t, t->ne[0], n_rows_, t->nb[1], 0); };
    tensor *base_values = current(old_values), *base_scores = current(old_scores);
    tensor* source_values = b_.concat(base_values, values, 1);
    tensor* source_scores = b_.concat(base_scores, scores, 1);
    tensor* key = overlaps_ ? mean_of_two(source_values, source_scores)
                            : mean_of_one(source_values, source_scores);
    key = b_.rope(b_.rms_norm_of(il, names.norm, key), write_positions_);
    if (keys.k_rot) key = rotate(b_, key, keys.k_rot);
    keys.store_k(il, key, write_);

    if (snapshot_from_) {
      source_values = b_.concat(old_values, values, 1);
      source_scores = b_.concat(old_scores, scores, 1);
      tensor* kept_values = write(il, 0, source_values, snapshot_from_, snapshot_to_);
      tensor* kept_scores = write(il, 1, source_scores, snapshot_from_, snapshot_to_);
      b_.expand(kept_values);
      b_.expand(kept_scores);
    }
    tensor* new_values = write(il, 0, values, persist_from_, persist_to_);
    tensor* new_scores = write(il, 1, scores, persist_from_, persist_to_);
    b_.expand(new_values);
    b_.expand(new_scores);
  }

  /// The keys of a layer, all cells.
  tensor* read(int il) {
    tensor* k = keys.read_k(il);
    return b_.view_4d(k, k->ne, k->nb[1], k->nb[2], k->nb[3], 0);
  }

 private:
  /// Values (0) or scores (1) of a layer, with the rows kept for rollback.
  tensor* all_states(int il, std::size_t which) {
    const auto at =
        std::find(state_.layers.begin(), state_.layers.end(), static_cast<std::uint32_t>(il));
    const auto width = static_cast<std::int64_t>(state_.width),
               n_rows = static_cast<std::int64_t>(state_.n_rows);
    const int home = at == state_.layers.end()
                         ? b_.where().host()
                         : state_.backends[static_cast<std::size_t>(at - state_.layers.begin())];
    tensor* t = b_.get_graph().make_stored(&state_, which == 0 ? "comp_values" : "comp_scores", il,
                                           home, ggml_type::f32, width, n_rows);
    return b_.view_2d(t, width, n_rows, t->nb[1], 0);
  }
  tensor* write(int il, std::size_t which, tensor* source, tensor* from, tensor* to) {
    tensor* rows = b_.get_rows(source, from);
    return b_.set_rows(all_states(il, which), rows, to);
  }
  tensor* restored(int il, std::size_t which) {
    tensor* all = all_states(il, which);
    return restore_from_ ? write(il, which, all, restore_from_, restore_to_) : all;
  }

  /// Mean of values with softmax of scores over the middle dimension.
  tensor* weighted_mean(tensor* values, tensor* scores) {
    values = b_.cont(b_.permute(values, {1, 0, 2, 3}));
    scores = b_.cont(b_.permute(scores, {1, 0, 2, 3}));
    tensor* sum = b_.sum_rows(b_.mul(values, b_.soft_max(scores)));
    return b_.cont(b_.permute(sum, {1, 0, 2, 3}));
  }

  tensor* mean_of_one(tensor* values, tensor* scores) {
    const auto blocks = [&](tensor* t) {
      return b_.reshape(b_.get_rows(t, read_), t->ne[0], ratio_, n_block_);
    };
    tensor* v = blocks(values);
    return weighted_mean(v, blocks(scores));
  }

  /// The first half of a state belongs to the key after its own, the second half to its own.
  tensor* mean_of_two(tensor* values, tensor* scores) {
    const std::int64_t head = values->ne[0] / 2, n = ratio_ * n_block_;
    const auto with_empty_row = [&](tensor* t) {
      tensor* row = b_.scale(b_.view_1d(t, t->ne[0], 0));
      return b_.concat(t, b_.reshape(row, t->ne[0], 1), 1);
    };
    tensor* value_rows = b_.get_rows(with_empty_row(values), read_);
    tensor* score_rows = b_.get_rows(with_empty_row(scores), read_);
    const auto half = [&](tensor* t, std::int64_t which) {
      const std::uint64_t offset =
          static_cast<std::uint64_t>(which) *
          (static_cast<std::uint64_t>(n) * t->nb[1] + static_cast<std::uint64_t>(head) * t->nb[0]);
      return b_.reshape(b_.cont(b_.view_2d(t, head, n, t->nb[1], offset)), head, ratio_, n_block_);
    };
    const auto both = [&](tensor* t) {
      tensor* before = half(t, 0);
      return b_.concat(before, half(t, 1), 1);
    };
    tensor* v = both(value_rows);
    return weighted_mean(v, both(score_rows));
  }

  builder& b_;
  const compressor_state& state_;
  std::int64_t ratio_, n_rows_, n_block_;
  bool overlaps_;
  tensor *positions_, *persist_from_, *persist_to_, *restore_from_, *restore_to_, *snapshot_from_,
      *snapshot_to_, *read_, *write_, *write_positions_;
};

}  // namespace vrambudget::arch
