// Sparse attention by a learned index (DeepSeek V3.2): a small attention scores all cells, and the
// large one sees the best of them.
#pragma once

#include <algorithm>
#include <cassert>

#include "vrambudget/arch/blocks/attention.hpp"

namespace vrambudget::arch {

/// The cache of a kind, which the architecture's layout has.
inline const kv_cache& cache_of(builder& b, cache_kind kind) {
  if (const kv_cache* c = b.memory.find(kind)) return *c;
  b.get_graph().fail("a cache that the graph reads is not made for this file");
  static const kv_cache none{};
  return none;
}

/// The best cells of each query by its score over the index keys k. `scale_weights`: the weights of the
/// index heads are scaled here.
///
/// Shape:    q [head, heads, tokens], k [head, 1, cells, streams], weights [heads, tokens]; result
///           [cells chosen, tokens per stream, 1, streams]
inline tensor* best_cells(builder& b, int il, tensor* q, tensor* k, tensor* weights, tensor* mask,
                          bool scale_weights) {
  const std::int64_t n_stream = k->ne[3], nt = q->ne[2] / n_stream;
  const auto streams = static_cast<std::uint64_t>(n_stream);
  q = b.view_4d(q, {q->ne[0], q->ne[1], nt, n_stream}, q->nb[1], q->nb[2], q->nb[3] / streams, 0);
  weights = b.view_4d(weights, {weights->ne[0], nt, weights->ne[2], n_stream}, weights->nb[1],
                      weights->nb[2] / streams, weights->nb[3] / streams, 0);
  if (scale_weights) weights = b.scale(weights);
  tensor* scores = builder::named(b.lightning_indexer(q, k, weights, mask), "indexer_score", il);
  const std::int64_t n_best = std::min<std::int64_t>(scores->ne[0], b.hp.indexer.top_k);
  return builder::named(b.cont(b.top_k(scores, n_best)), "top_k", il);
}

/// `mask` with everything but `cells` masked. `zeros`: type of what the others are overwritten with.
///
/// Source:   llama.cpp, src/llama-graph.cpp: build_attn
inline tensor* mask_all_but(builder& b, tensor* mask, tensor* cells, ggml_type zeros) {
  tensor* all = b.fill(mask);
  all = b.view_4d(all, {1, mask->ne[0], mask->ne[1], mask->ne[3]}, all->nb[0], all->nb[1],
                  all->nb[2], 0);
  tensor* chosen =
      b.view_4d(cells, {cells->ne[0], cells->ne[1], cells->ne[3], 1}, cells->nb[1], cells->nb[2],
                static_cast<std::uint64_t>(cells->ne[3]) * cells->nb[3], 0);
  tensor* none = b.fill(b.get_graph().make(zeros, 1, chosen->ne[0], chosen->ne[1], chosen->ne[2]));
  tensor* open = b.set_rows(all, none, chosen);
  open = b.view_4d(open, {open->ne[1], open->ne[2], 1, open->ne[3]}, open->nb[2], open->nb[3],
                   open->nb[3], 0);
  return b.add(open, mask);
}

/// The latent cache, the cache of index keys, and attention through both.
///
/// Source:   llama.cpp, src/llama-graph.cpp: build_attn_inp_k_dsa, build_attn
class sparse_attention {
 public:
  /// `rotates`: index keys and queries are multiplied by the index cache's rotation.
  explicit sparse_attention(builder& b, bool rotates = true)
      : b_(b),
        rotates_(rotates),
        latent_(b, cache_of(b, cache_kind::mla)),
        index_(b, cache_of(b, cache_kind::lid), ggml_type::f16) {}

  /// The cells that each token attends to in layer `il`. q_low_rank: queries before their up-projection.
  ///
  /// Shape:    [cells chosen, tokens per stream, 1, streams]
  tensor* choose_cells(int il, tensor* x, tensor* q_low_rank, tensor* pos) {
    const std::int64_t nt = b_.ub.n_tokens, head = b_.hp.indexer.head_size,
                       n_head = b_.hp.indexer.n_head;
    tensor* q = b_.plain_mul_mat(b_.require(il, "indexer.attn_q_b"), q_low_rank);
    q = b_.rope(b_.reshape(q, head, n_head, nt), pos);
    tensor* k = b_.plain_mul_mat(b_.require(il, "indexer.attn_k"), x);
    k = b_.layer_norm_of(il, "indexer.k_norm", k);
    k = b_.rope(b_.reshape(k, head, 1, nt), pos);
    if (rotates_ && index_.k_rot) {
      q = b_.mul_mat(index_.k_rot, q);
      k = b_.mul_mat(index_.k_rot, k);
    }
    index_.store_k(il, k);

    tensor* weights = b_.plain_mul_mat(b_.require(il, "indexer.proj"), x);
    k = index_.read_k(il);
    return best_cells(b_, il, q, k, weights, index_.mask, true);
  }

  /// Stores k, attends to `cells`, without the output projection.
  tensor* operator()(int il, const qkv& x, tensor* cells, attention_options o) {
    o.n_kv_max = cells->ne[0];
    tensor* mask = mask_all_but(b_, latent_.mask, cells, ggml_type::f32);
    return attend_to_keys(b_, latent_, il, x, mask, o);
  }

 private:
  builder& b_;
  bool rotates_;
  cache_input latent_, index_;
};

}  // namespace vrambudget::arch
