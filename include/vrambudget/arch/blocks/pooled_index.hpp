// Attention to whole blocks of cells, of each of which one pooled key is kept beside the cells' own:
// Qwen4 and GLM 5 Next.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/arch/blocks/sparse_attention.hpp"

namespace vrambudget::arch {

/// The inputs that tell which cells make up which block, the cache of index keys, and the mask of what is
/// chosen. What a key is, how keys are pooled and how blocks are scored is the model's.
///
/// Source:   llama.cpp, src/llama-memory-hybrid-idx.cpp: kpool_access, kpool_build_sizes;
///           src/models/qwen4exp.cpp, glm5-next.cpp: build_inp_kpool
class pooled_index {
 public:
  explicit pooled_index(builder& b)
      : size(b.hp.indexer.kpool),
        b_(b),
        head_(b.hp.indexer.head_size),
        keys_(b, cache_of(b, cache_kind::idx)) {
    ggml::graph& g = b.get_graph();
    const std::int64_t nt = b.ub.n_tokens, n_whole = whole_blocks();
    n_block = padded(n_whole);
    n_new = std::max<std::int64_t>(n_whole, 1);
    n_best = std::min<std::int64_t>(n_block, b.hp.indexer.top_k / size);
    n_chosen = size * n_best + (b.hp.indexer.kpool_select_tail ? size - 1 : 0);
    cell_of = g.make_input("pool_cells", ggml_type::i32, n_block);
    cells_of = g.make_input("pool_idxs", ggml_type::i32, size, n_block);
    mask = g.make_input("pool_mask", ggml_type::f16, n_block, nt);
    tail = g.make_input("tail_idxs", ggml_type::i32, size - 1, nt);
    for (tensor* t : {cell_of, cells_of, mask, tail}) b.expand(t);
    new_cells_ = g.make_input("new_pool_idxs", ggml_type::i32, size, n_new);
    new_cell_ = g.make_input("new_pool_rep", ggml_type::i64, n_new);
  }

  std::int64_t size;      ///< cells of a block
  std::int64_t n_block;   ///< blocks of all sequences, one unused at least
  std::int64_t n_new;     ///< blocks that the batch completes: when a graph is reserved, all
  std::int64_t n_best;    ///< blocks chosen for a token
  std::int64_t n_chosen;  ///< cells of these, and those behind the last whole block
  tensor* cell_of;        ///< per block: the cell that has its pooled key
  tensor* cells_of;       ///< per block: its cells
  tensor* mask;           ///< [blocks, tokens]
  tensor* tail;           ///< per token: the cells behind the last whole block

  /// Keys of a layer, as they lie in the cache.
  struct layer {
    tensor* members;  ///< of the new blocks, [what a cell has, cells of a block, blocks]
    tensor* pooled;   ///< where all pooled keys lie
  };

  /// Stores what each token of the batch has, without a pooled key, and gives that of the new blocks.
  ///
  /// Shape:    x [what a cell has, tokens]
  layer store(int il, tensor* x) {
    const std::int64_t nt = b_.ub.n_tokens, width = x->ne[0];
    tensor* none = b_.fill(b_.get_graph().make(ggml_type::f32, head_, nt));
    keys_.store_k(il, b_.reshape(b_.concat(x, none, 0), width + head_, 1, nt));
    tensor* rows =
        b_.get_rows(keys_.columns_of_k(il, width, 0), b_.reshape(new_cells_, size * n_new));
    return {b_.reshape(rows, width, size, n_new), keys_.columns_of_k(il, head_, width)};
  }

  /// Stores the pooled keys of the new blocks, and gives those of all.
  ///
  /// Shape:    fresh [head, new blocks]; result [head, 1, blocks]
  tensor* pool(const layer& l, tensor* fresh) {
    b_.expand(b_.set_rows(l.pooled, fresh, new_cell_));
    return b_.reshape(b_.get_rows(l.pooled, cell_of), head_, 1, n_block);
  }

  /// Scores of blocks as the attention of small heads, on the host where the card has no kernel for it.
  ///
  /// Shape:    q [head, heads, tokens], keys [head, 1, blocks], weights [heads, tokens];
  ///           result [blocks, tokens]
  tensor* score(int il, tensor* q, tensor* keys, tensor* weights) {
    return builder::named(b_.lightning_indexer(q, keys, weights, mask), "indexer_score", il);
  }

  /// The cells of blocks, and those behind the last whole one.
  ///
  /// Shape:    best [blocks chosen, tokens]; result [cells chosen, tokens]
  tensor* cells(tensor* best) {
    const std::int64_t nt = b_.ub.n_tokens;
    tensor* all = b_.get_rows(cells_of, b_.reshape(best, n_best * nt));
    all = b_.reshape(all, size * n_best, nt);
    return b_.hp.indexer.kpool_select_tail ? b_.concat(all, tail, 0) : all;
  }

  /// Which row of a mask each place opens: its cell's or, where `live` is zero and not one, that of `dump`,
  /// a row of its own behind those of all cells, so that no two places write to one.
  tensor* redirected(tensor* cells, tensor* live, tensor* dump) {
    tensor* x = b_.cast(cells, ggml_type::f32);
    x = b_.add(b_.mul(b_.sub(x, dump), live), dump);
    return b_.cast(x, ggml_type::i32);
  }

  /// A mask in which only `cells` are open, with the rows behind its cells, one a place.
  ///
  /// Shape:    cells [cells chosen, tokens]; result [1, cells + cells chosen, tokens]
  tensor* open(tensor* cells, const tensor* attended) {
    const std::int64_t nt = b_.ub.n_tokens, n_row = attended->ne[0] + n_chosen;
    const auto rows_of = [&](std::int64_t n) {
      tensor* t = b_.fill(b_.get_graph().make(attended->type, n));
      return b_.reshape(b_.repeat(t, {n, nt, 1, 1}), 1, n, nt);
    };
    tensor* closed = rows_of(n_row);
    return b_.set_rows(closed, rows_of(n_chosen), b_.reshape(cells, n_chosen, nt));
  }

 private:
  [[nodiscard]] std::int64_t whole_blocks() const {
    return cache_of(b_, cache_kind::idx).n_cell / size * b_.cp.n_seq_max;
  }
  static std::int64_t padded(std::int64_t n) { return (n + 1 + 63) / 64 * 64; }

  builder& b_;
  std::int64_t head_;
  cache_input keys_;
  tensor *new_cells_, *new_cell_;
};

}  // namespace vrambudget::arch
