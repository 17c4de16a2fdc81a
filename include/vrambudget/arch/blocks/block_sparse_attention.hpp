// Sparse attention in blocks of positions (MiniMax-M3): a small attention scores blocks per group of
// heads. One token per sequence gathers the cells of its best blocks; more mask all others.
#pragma once

#include <algorithm>

#include "vrambudget/arch/blocks/sparse_attention.hpp"

namespace vrambudget::arch {

/// The cache of index keys, the maps between positions and cells, and attention through them.
///
/// Source:   llama.cpp, src/models/minimax-m3.cpp: graph
class block_sparse_attention {
 public:
  block_sparse_attention(builder& b, cache_input& main)
      : b_(b), main_(main), index_(b, cache_of(b, cache_kind::idx), ggml_type::f16) {
    ggml::graph& g = b.get_graph();
    const std::int64_t nt = b.ub.n_tokens, block = b.hp.indexer.block_size;
    n_kv_ = main.mask->ne[0];
    n_per_stream_ = main.mask->ne[1];
    n_stream_ = main.mask->ne[3];
    // as many positions as an empty cache shows
    constexpr std::int64_t fewest = 256;
    const std::int64_t shown = std::max<std::int64_t>(fewest, b.cp.n_pos);
    n_pos_ = (shown + block - 1) / block * block;
    bias_ = g.make_input("msa_bias", ggml_type::f32, n_blocks(), nt);
    pos_mask_ = g.make_input("msa_pos_mask", ggml_type::f32, n_pos_, nt);
    cell_of_ = g.make_input("msa_pos_slot_i", ggml_type::i32, n_pos_, n_stream_);
    if (gathers()) {
      cell_of_f32_ = g.make_input("msa_pos_slot_f", ggml_type::f32, n_pos_, n_stream_);
    } else {
      block_of_ = g.make_input("msa_cell_blk", ggml_type::i32, n_kv_, n_stream_);
      mask_ = b.cast(main.mask, ggml_type::f32);
    }
  }

  /// Attention of one layer, without the output projection. x: the layer's normed input.
  tensor* operator()(int il, tensor* x, qkv y, tensor* pos) {
    const std::int64_t nt = b_.ub.n_tokens, head = b_.hp.indexer.head_size,
                       n_head = b_.hp.indexer.n_head;
    tensor* q = b_.linear_without_bias(il, "indexer.q_proj", x);
    tensor* k = b_.linear_without_bias(il, "indexer.k_proj", x);
    q = b_.rms_norm_of(il, "indexer.q_norm", b_.reshape(q, head, n_head, nt));
    k = b_.rms_norm_of(il, "indexer.k_norm", b_.reshape(k, head, 1, nt));
    q = b_.rope(q, pos);
    index_.store_k(il, b_.rope(k, pos));

    if (main_.k_rot) {
      y.q = rotate(b_, y.q, main_.k_rot);
      y.k = rotate(b_, y.k, main_.k_rot);
    }
    if (main_.v_rot) y.v = rotate(b_, y.v, main_.v_rot);
    for (tensor* t : {y.q, y.k, y.v}) b_.expand(t);
    main_.store_k(il, y.k);
    main_.store_v(il, y.v);
    tensor* index = index_.read_k(il);
    y.k = main_.read_k(il);
    y.v = main_.read_v(il);
    b_.get_graph().require(y.k->ne[1] == n_head, "one index head per group of heads", *y.k, *q);

    tensor* out = gathers() ? gather(q, index, y) : mask_blocks(q, index, y);
    return main_.v_rot ? rotate(b_, out, main_.v_rot) : out;
  }

 private:
  [[nodiscard]] std::int64_t n_blocks() const { return n_pos_ / b_.hp.indexer.block_size; }
  [[nodiscard]] std::int64_t n_best() const {
    return std::min<std::int64_t>(b_.hp.indexer.top_k, n_blocks());
  }
  [[nodiscard]] bool gathers() const { return n_per_stream_ == 1; }

  /// Best blocks: scores [positions, ...] in f32, biased so that the latest blocks come first.
  tensor* best_blocks(tensor* scores, tensor* visible, tensor* bias) {
    scores = b_.add_inplace(scores, visible);
    return b_.top_k(b_.add(b_.pool_rows(scores, b_.hp.indexer.block_size), bias), n_best());
  }

  /// Each group of heads, in each of `n` channels, as a sequence of its own.
  tensor* attend_groups(tensor* q, tensor* k, tensor* v, tensor* mask, std::int64_t per_group) {
    const std::int64_t head = q->ne[0], heads = q->ne[1], nt = q->ne[2], n = k->ne[3];
    per_group = std::max<std::int64_t>(1, per_group);
    q = b_.reshape(q, head, per_group, n, heads * nt / (per_group * n));
    tensor* out = b_.flash_attn_ext(b_.permute(q, {0, 2, 3, 1}), k, v, mask, nullptr);
    out->has_bias = b_.hp.attn.f_max_alibi_bias > 0.0f;
    out = b_.permute(out, {0, 1, 3, 2});
    if (!is_contiguous(*out)) out = b_.cont(out);
    return b_.reshape(out, head * heads, nt);
  }

  tensor* gather(tensor* q, tensor* index, const qkv& y) {
    const std::int64_t head = index->ne[0], n_group = q->ne[1], ns = n_stream_, best = n_best(),
                       block = b_.hp.indexer.block_size, size = y.k->ne[0], n = block * best;
    tensor* keys = b_.view_3d(index, head, n_kv_, ns, index->nb[2], index->nb[3], 0);
    keys = b_.reshape(b_.get_rows(keys, cell_of_), head, n_pos_, 1, ns);
    tensor* scores = b_.mul_mat(keys, b_.reshape(q, head, n_group, 1, ns));
    tensor* chosen = best_blocks(scores, b_.reshape(pos_mask_, n_pos_, 1, 1, ns),
                                 b_.reshape(bias_, n_blocks(), 1, 1, ns));

    tensor* first = b_.scale(b_.cast(chosen, ggml_type::f32));
    first = b_.reshape(first, 1, best, n_group, ns);
    tensor* positions = b_.add(b_.repeat(first, {block, best, n_group, ns}),
                               b_.reshape(b_.arange(block), block, 1, 1));
    positions = b_.cast(b_.reshape(positions, n * n_group, ns), ggml_type::i32);
    tensor* cells = b_.get_rows(b_.reshape(cell_of_f32_, 1, n_pos_, ns), positions);
    cells = b_.reshape(cells, block, best, n_group, ns);
    tensor* rows = b_.add(b_.scale(cells), b_.reshape(b_.arange(n_group), 1, 1, n_group));
    rows = b_.cast(b_.reshape(rows, n * n_group, ns), ggml_type::i32);

    const auto rows_of = [&](tensor* t) {
      tensor* all = b_.view_3d(t, size, n_group * n_kv_, ns, t->nb[1], t->nb[3], 0);
      return b_.get_rows(all, rows);
    };
    tensor *k = rows_of(y.k), *v = rows_of(y.v);
    tensor* mask = b_.get_rows(b_.reshape(pos_mask_, 1, n_pos_, ns), positions);
    const auto as_cached = [&](tensor* t, ggml_type type) {
      t = b_.reshape(t, size, n, 1, n_group * ns);
      if (is_quantized(type)) type = ggml_type::f16;
      return t->type == type ? t : b_.cast(t, type);
    };
    k = as_cached(k, y.k->type);
    v = as_cached(v, y.v->type);
    mask = b_.cast(b_.reshape(mask, n, 1, 1, n_group * ns), ggml_type::f16);
    return attend_groups(y.q, k, v, mask, y.q->ne[1] / n_group);
  }

  tensor* mask_blocks(tensor* q, tensor* index, const qkv& y) {
    tensor* out = nullptr;
    for (std::int64_t i = 0; i < n_stream_; ++i) {
      tensor* t = mask_blocks_of_stream(q, index, y, static_cast<std::uint64_t>(i));
      out = out ? b_.concat(out, t, 1) : t;
    }
    return out;
  }

  tensor* mask_blocks_of_stream(tensor* q, tensor* index, const qkv& y, std::uint64_t i) {
    const std::int64_t head = index->ne[0], n_group = q->ne[1], nt = n_per_stream_;
    const std::uint64_t first = i * static_cast<std::uint64_t>(nt);
    const auto of_tokens = [&](tensor* t) {
      return b_.view_3d(t, t->ne[0], 1, nt, t->nb[1], t->nb[1], first * t->nb[1]);
    };
    tensor* q_index = b_.view_3d(q, head, n_group, nt, q->nb[1], q->nb[2], first * q->nb[2]);
    tensor* keys = b_.view_2d(index, head, n_kv_, index->nb[2], i * index->nb[3]);
    tensor* cell_of = b_.view_1d(cell_of_, n_pos_, i * cell_of_->nb[1]);
    tensor* visible = of_tokens(pos_mask_);
    tensor* block_of = b_.view_1d(block_of_, n_kv_, i * block_of_->nb[1]);
    tensor* mask = b_.view_3d(mask_, n_kv_, nt, 1, mask_->nb[1], mask_->nb[3], i * mask_->nb[3]);
    tensor* bias = of_tokens(bias_);
    tensor* q_main =
        b_.view_3d(y.q, y.q->ne[0], y.q->ne[1], nt, y.q->nb[1], y.q->nb[2], first * y.q->nb[2]);
    const auto of_stream = [&](tensor* t) {
      return b_.view_4d(t, {t->ne[0], t->ne[1], n_kv_, 1}, t->nb[1], t->nb[2], t->nb[3],
                        i * t->nb[3]);
    };
    tensor *k = of_stream(y.k), *v = of_stream(y.v);

    keys = b_.get_rows(keys, cell_of);
    tensor* scores = b_.mul_mat(keys, b_.reshape(q_index, head, n_group * nt));
    tensor* chosen = best_blocks(b_.reshape(scores, n_pos_, n_group, nt), visible, bias);

    tensor* masked = b_.cast(b_.scale(bias), ggml_type::f16);
    masked = b_.repeat(masked, {n_blocks(), n_group, nt, 1});
    tensor* zero = b_.scale(b_.cast(chosen, ggml_type::f32));
    tensor* blocks = b_.set_rows(b_.reshape(masked, 1, n_blocks(), n_group * nt),
                                 b_.reshape(zero, 1, n_best(), n_group * nt),
                                 b_.reshape(chosen, n_best(), n_group * nt));
    blocks = b_.reshape(blocks, n_blocks(), n_group, nt);
    blocks = b_.cont(b_.permute(blocks, {0, 2, 1, 3}));
    blocks = b_.cont(b_.transpose(b_.reshape(blocks, n_blocks(), nt * n_group)));
    tensor* cells = b_.cont(b_.transpose(b_.get_rows(blocks, block_of)));
    cells = b_.add_inplace(b_.reshape(cells, n_kv_, nt, n_group), mask);
    cells = b_.cast(b_.reshape(cells, n_kv_, nt, 1, n_group), ggml_type::f16);
    return attend_groups(q_main, b_.permute(k, {0, 3, 1, 2}), b_.permute(v, {0, 3, 1, 2}), cells,
                         y.q->ne[1] / n_group);
  }

  builder& b_;
  cache_input& main_;
  cache_input index_;
  std::int64_t n_kv_, n_per_stream_, n_stream_, n_pos_;
  tensor *bias_, *pos_mask_, *cell_of_;  ///< by position: blocks favoured, visible, in which cell
  tensor* cell_of_f32_ = nullptr;        ///< the same map as values
  tensor* block_of_ = nullptr;           ///< by cell
  tensor* mask_ = nullptr;               ///< of the main cache, in f32
};

}  // namespace vrambudget::arch
