// Attention to whole blocks of cells, chosen by the mean of the small keys in each.
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "vrambudget/arch/blocks/sparse_attention.hpp"

namespace vrambudget::arch {

namespace detail {
/// Inputs that map cells to blocks of one size.
struct block_index {
  block_index(builder& b, const tensor& mask, std::int64_t block_size)
      : size(block_size),
        n_block((mask.ne[0] + block_size - 1) / block_size),
        keys(b, cache_of(b, cache_kind::idx)) {
    ggml::graph& g = b.get_graph();
    const std::int64_t n_stream = mask.ne[3];
    by_block = b.cp.causal_attn && b.hp.attn.f_max_alibi_bias == 0.0f;
    block_of = g.make_input("cell_blk", ggml_type::i32, mask.ne[0], n_stream);
    cells_of = g.make_input("blk_cells", ggml_type::i32, size * n_block, n_stream);
    positions = g.make_input("blk_pos", ggml_type::i32, 4 * n_block * n_stream);
    bias = g.make_input("qsa_bias", ggml_type::f32, by_block ? n_block : mask.ne[0], mask.ne[1],
                        n_stream);
  }
  std::int64_t size, n_block;
  cache_input keys;
  bool by_block;  ///< the bias is per block, and the attention mask says the rest
  tensor *block_of, *cells_of, *positions, *bias;
};
}  // namespace detail

/// Chooses whole blocks of cells by the mean of their index keys.
///
/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_qsa_top_k
class block_chooser {
 public:
  block_chooser(builder& b, tensor* mask) : b_(b), mask_(mask) {}

  /// Shape:    [cells chosen, tokens per stream, 1, streams]
  tensor* operator()(int il, tensor* x, tensor* pos) {
    detail::block_index& index = of(b_.hp.indexer.block_arr[static_cast<std::size_t>(il)]);
    tensor* keys = pooled_keys(il, x, index);
    tensor* scores = score(il, x, pos, keys, index);
    if (index.by_block) scores = b_.add(scores, index.bias);
    scores = b_.get_rows(b_.cont(b_.permute(scores, {1, 0, 2, 3})), index.block_of);
    scores = b_.cont(b_.permute(scores, {1, 0, 2, 3}));
    if (index.by_block) {
      tensor* mask = mask_->type == ggml_type::f32 ? mask_ : b_.cast(mask_, ggml_type::f32);
      scores = b_.add(scores, b_.reshape(mask, mask->ne[0], mask->ne[1], mask->ne[3]));
    } else {
      scores = b_.add(scores, index.bias);
    }
    const std::int64_t n =
        std::min<std::int64_t>(mask_->ne[0], b_.hp.indexer.top_k + index.size - 1);
    return b_.reshape(b_.cont(b_.top_k(scores, n)), n, mask_->ne[1], 1, mask_->ne[3]);
  }

 private:
  detail::block_index& of(std::int64_t size) {
    for (const auto& i : indices_)
      if (i->size == size) return *i;
    return *indices_.emplace_back(std::make_unique<detail::block_index>(b_, *mask_, size));
  }

  /// Stores the raw keys, and gives the normed and rotated means of those of each block.
  tensor* pooled_keys(int il, tensor* x, detail::block_index& index) {
    const std::int64_t head = b_.hp.indexer.head_size, n_block = index.n_block,
                       n_stream = mask_->ne[3];
    tensor* raw = b_.mul_mat(b_.require(il, "indexer.k_proj"), x);
    index.keys.store_k(il, b_.reshape(raw, head, 1, b_.ub.n_tokens));
    tensor* all = index.keys.read_k(il);
    all = b_.view_3d(all, head, mask_->ne[0], n_stream, all->nb[2], all->nb[3], 0);
    tensor* members =
        b_.reshape(b_.get_rows(all, index.cells_of), head, index.size, n_block, n_stream);
    tensor* sum = nullptr;
    for (std::int64_t i = 0; i < index.size; ++i) {
      tensor* t =
          b_.cont(b_.view_3d(members, head, n_block, n_stream, members->nb[2], members->nb[3],
                             static_cast<std::uint64_t>(i) * members->nb[1]));
      sum = sum ? b_.add(sum, t) : t;
    }
    tensor* mean = b_.reshape(b_.scale(sum), head, n_block * n_stream, 1);
    mean = b_.rms_norm_of(il, "indexer.k_norm", mean);
    mean = b_.rope(b_.reshape(mean, head, 1, n_block * n_stream), index.positions);
    return b_.reshape(mean, head, n_block, n_stream);
  }

  tensor* score(int il, tensor* x, tensor* pos, tensor* keys, const detail::block_index& index) {
    const std::int64_t head = b_.hp.indexer.head_size, n_head = b_.hp.indexer.n_head,
                       nt = mask_->ne[1], n_stream = mask_->ne[3];
    tensor* q = b_.mul_mat(b_.require(il, "indexer.q_proj"), x);
    q = b_.rms_norm_of(il, "indexer.q_norm", b_.reshape(q, head, n_head, b_.ub.n_tokens));
    q = b_.rope(q, pos);
    tensor* of_heads = b_.mul_mat(keys, b_.reshape(q, head, n_head * nt, n_stream));
    of_heads = b_.relu(b_.reshape(of_heads, index.n_block, n_head, nt, n_stream));
    tensor* sum = nullptr;
    for (std::int64_t h = 0; h < n_head; ++h) {
      tensor* t = b_.view_3d(of_heads, index.n_block, nt, n_stream, of_heads->nb[2],
                             of_heads->nb[3], static_cast<std::uint64_t>(h) * of_heads->nb[1]);
      sum = sum ? b_.add(sum, t) : b_.cont(t);
    }
    return sum;
  }

  builder& b_;
  tensor* mask_;
  std::vector<std::unique_ptr<detail::block_index>> indices_;
};

}  // namespace vrambudget::arch
