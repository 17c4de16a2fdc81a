// GLM 5 Next: Kimi delta attention, and latent attention without positions to whole blocks of cells an
// index chooses, around hyper-connected streams; experts with a shared one.
#pragma once

#include "vrambudget/arch/blocks/hyper_connections.hpp"
#include "vrambudget/arch/blocks/kda.hpp"
#include "vrambudget/arch/blocks/mla.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/pooled_index.hpp"

namespace vrambudget::arch {

namespace detail {

/// Pooled keys are sums of those of a block, weighted by a softmax within the block, of which a cell keeps
/// its logit beside its key.
///
/// Source:   llama.cpp, src/models/glm5-next.cpp: build_inp_kpool, build_kpool_select
class weighted_block_index {
 public:
  weighted_block_index(builder& b, tensor* mask)
      : b_(b),
        mask_(mask),
        index_(b),
        live_(b.get_graph().make_input("gather_mask", ggml_type::f32, index_.n_chosen, 1, 1,
                                       b.ub.n_tokens)) {
    b.expand(live_);
  }

  /// Whether the rows of the chosen cells are copied together, which is done for small batches of long
  /// contexts, instead of masking the others.
  [[nodiscard]] bool gathers() const {
    return b_.cp.n_ubatch <= 16 && b_.cp.n_ctx > b_.hp.indexer.top_k + index_.size - 1;
  }
  /// [cells chosen, 1, 1, tokens]: which of the chosen places have a cell.
  [[nodiscard]] tensor* live() const { return live_; }
  [[nodiscard]] std::int64_t n_chosen() const { return index_.n_chosen; }

  /// The numbers of the cells that each token attends to in layer `il`, or the mask that leaves them.
  /// q_low_rank: queries before their up-projection.
  ///
  /// Shape:    [cells chosen, tokens], or [cells, tokens]
  tensor* operator()(int il, tensor* x, tensor* q_low_rank) {
    const std::int64_t nt = b_.ub.n_tokens, head = b_.hp.indexer.head_size,
                       n_head = b_.hp.indexer.n_head;
    tensor* q = b_.mul_mat(b_.require(il, "indexer.attn_q_b"), q_low_rank);
    q = b_.reshape(q, head, n_head, nt);
    tensor* key = b_.mul_mat(b_.require(il, "indexer.attn_k"), x);
    key = b_.layer_norm_of(il, "indexer.k_norm", key);
    tensor* gate = b_.mul_mat(b_.require(il, "indexer_compressor_gate"), x);
    const pooled_index::layer layer = index_.store(il, b_.concat(key, gate, 0));
    tensor* keys = index_.pool(layer, pooled(il, layer.members));
    tensor* weights = b_.scale(b_.mul_mat(b_.require(il, "indexer.proj"), x));
    tensor* cells = index_.cells(sorted_best(index_.score(il, q, keys, weights)));
    if (gathers()) return cells;
    b_.expand(cells);
    const std::int64_t n_cell = mask_->ne[0];
    tensor* live = b_.exp(b_.reshape(live_, index_.n_chosen, nt));
    tensor* open = index_.open(index_.redirected(cells, live, b_.arange(index_.n_chosen)), mask_);
    open = b_.view_2d(open, n_cell, nt, open->nb[2], 0);
    return b_.add(open, b_.reshape(mask_, n_cell, nt));
  }

 private:
  /// Shape:    members [key and gate, cells of a block, new blocks]; result [head, new blocks]
  tensor* pooled(int il, tensor* members) {
    const std::int64_t head = b_.hp.indexer.head_size, size = index_.size, n = index_.n_new;
    const auto half = [&](std::int64_t first) {
      return b_.view_3d(members, head, size, n, members->nb[1], members->nb[2],
                        static_cast<std::uint64_t>(first) * members->nb[0]);
    };
    const auto by_channel = [&](tensor* t) { return b_.cont(b_.permute(t, {1, 0, 2, 3})); };
    tensor* key = half(0);
    tensor* logits = by_channel(b_.add(half(head), b_.require(il, "indexer_compressor_ape")));
    tensor* shares = b_.soft_max(b_.reshape(logits, size, head * n));
    shares = b_.reshape(shares, size, head, n);
    return b_.reshape(b_.sum_rows(b_.mul(shares, by_channel(key))), head, n);
  }

  /// The best blocks, the best one first.
  ///
  /// Shape:    scores [blocks, tokens]; result [blocks chosen, tokens]
  tensor* sorted_best(tensor* scores) {
    const std::int64_t nt = b_.ub.n_tokens, n = index_.n_best;
    tensor* best = b_.top_k(scores, n);
    tensor* of_best = b_.get_rows(b_.reshape(scores, 1, index_.n_block, nt), best);
    tensor* order = b_.argsort(b_.reshape(of_best, n, nt));
    best = b_.get_rows(b_.reshape(b_.cast(best, ggml_type::f32), 1, n, nt), order);
    best = b_.cast(b_.cont(b_.reshape(best, n, nt)), ggml_type::i32);
    return builder::named(best, "top_k", -1);
  }

  builder& b_;
  tensor* mask_;
  pooled_index index_;
  tensor* live_;
};

/// Latent attention without positions, in absorbed form. Layers without an index take the choice of the
/// last one that has it.
///
/// Source:   llama.cpp, src/models/glm5-next.cpp: build_dsa_layer
class block_latent_attention {
 public:
  explicit block_latent_attention(builder& b)
      : b_(b), latent_(b, cache_of(b, cache_kind::base)), index_(b, latent_.mask) {}

  tensor* operator()(int il, tensor* x) {
    const latent_shape s(b_.hp, il);
    const std::int64_t nt = b_.ub.n_tokens;
    tensor* low_rank = b_.mul_mat(b_.require(il, "attn_q_a"), x);
    low_rank = b_.rms_norm_of(il, "attn_q_a_norm", low_rank);
    tensor* q = b_.mul_mat(b_.require(il, "attn_q_b"), low_rank);
    q = b_.reshape(q, s.head_k - s.rope, s.n_head, nt);
    tensor* kv = b_.mul_mat(b_.require(il, "attn_kv_a_mqa"), x);
    kv = b_.reshape(b_.rms_norm_of(il, "attn_kv_a_norm", kv), s.rank, 1, nt);
    q = b_.mul_mat(b_.require(il, "attn_k_b"), b_.permute(q, {0, 2, 1, 3}));
    q = b_.permute(q, {0, 2, 1, 3});

    if (b_.hp.is_indexer_full(static_cast<std::uint32_t>(il))) chosen_ = index_(il, x, low_rank);
    if (!chosen_) {
      b_.get_graph().fail("no layer before layer " + std::to_string(il) + " has an index");
      chosen_ = b_.reshape(latent_.mask, latent_.mask->ne[0], nt);
    }
    tensor* out = index_.gathers() ? attend_to_copies(il, q, kv) : attend_to_cells(il, q, kv);
    return b_.mul_mat(b_.require(il, "attn_output"), out);
  }

 private:
  tensor* attend_to_cells(int il, tensor* q, tensor* kv) {
    const auto& ne = latent_.mask->ne;
    tensor* mask = b_.reshape(chosen_, ne[0], ne[1], ne[2], ne[3]);
    return attend_to_keys(
        b_, latent_, il, {q, kv, kv}, mask,
        {.v_decompress = b_.require(il, "attn_v_b"), .n_kv_max = index_.n_chosen()});
  }
  tensor* attend_to_copies(int il, tensor* q, tensor* kv) {
    const std::int64_t rank = kv->ne[0], n = chosen_->ne[0], nt = b_.ub.n_tokens;
    b_.expand(q);
    b_.expand(kv);
    latent_.store_k(il, kv);
    b_.expand(latent_.mask);
    tensor* k = b_.get_rows(latent_.columns_of_k(il, rank, 0), b_.reshape(chosen_, n * nt));
    k = b_.reshape(k, rank, n, 1, nt);
    tensor* kq = b_.mul_mat(k, b_.permute(q, {0, 2, 3, 1}));
    kq->f32_accumulator = true;
    kq = b_.soft_max(kq, index_.live());
    kq->has_bias = true;
    tensor* out = b_.mul_mat(b_.cont(b_.transpose(k)), kq);
    out = b_.mul_mat(b_.require(il, "attn_v_b"), out);
    out = b_.cont(b_.permute(out, {0, 2, 1, 3}));
    return b_.reshape(out, out->ne[0] * out->ne[1], nt);
  }

  builder& b_;
  cache_input latent_;
  weighted_block_index index_;
  tensor* chosen_ = nullptr;
};

/// Mean of the streams.
inline tensor* mean_of_streams(builder& b, tensor* streams) {
  tensor* sum = stream(b, streams, 0);
  for (std::int64_t i = 1; i < streams->ne[1]; ++i) sum = b.add(sum, stream(b, streams, i));
  return b.scale(sum);
}

}  // namespace detail

/// Source: llama.cpp, src/models/glm5-next.cpp: graph
inline void build_glm5_next(builder& b) {
  tensor* embeddings = b.token_embeddings();
  recurrent_input rs(b);
  detail::block_latent_attention attention(b);
  tensor* out_ids = b.output_ids();
  tensor* streams = start_streams(b, embeddings);

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    connected_block block = read_connected(b, il, streams, attention_streams);
    tensor* x = b.rms_norm_of(il, "attn_norm", block.input);
    b.expand(x);
    tensor* y = b.hp.is_recr(static_cast<std::uint32_t>(il))
                    ? kimi_delta_attention(b, rs, il, x,
                                           {.bounded_decay = b.hp.kda.is_bounded,
                                            .all_snapshots = true,
                                            .gate_by_sequence = false})
                    : attention(il, x);
    streams = write_connected(b, il, y, streams, block);

    block = read_connected(b, il, streams, ffn_streams);
    x = b.rms_norm_of(il, "ffn_norm", block.input);
    streams = write_connected(b, il, experts_after_dense(b, il, x), streams, block);
  }
  streams = pick_rows(b, streams, out_ids);
  b.embd = b.rms_norm_of(-1, "output_norm", detail::mean_of_streams(b, streams));
  b.finish_logits();
}

}  // namespace vrambudget::arch
