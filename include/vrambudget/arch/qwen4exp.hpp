// Qwen4 (experimental): delta nets and attention to blocks an index chooses, around hyper-connected
// streams with low-rank gates, and a table of n-grams beside one layer.
#pragma once

#include <memory>
#include <vector>

#include "vrambudget/arch/blocks/hyper_connections.hpp"
#include "vrambudget/arch/blocks/sparse_attention.hpp"
#include "vrambudget/arch/qwen3next.hpp"

namespace vrambudget::arch {

namespace detail {

/// Names of the tensors around one block.
struct gated_stream_names {
  tensor_name norm, down, up, inject;
};
inline constexpr gated_stream_names gated_attention_streams{"hc_attn_norm", "hc_attn_down",
                                                            "hc_attn_up", "hc_attn_inject"};
inline constexpr gated_stream_names gated_ffn_streams{"hc_ffn_norm", "hc_ffn_down", "hc_ffn_up",
                                                      "hc_ffn_inject"};
inline constexpr gated_stream_names gated_head_streams{"output_hc_norm", "output_hc_down",
                                                       "output_hc_up", "output_hc_inject"};

/// What a block reads, and the weight of its result in each stream before it is activated.
struct gated_block {
  tensor *input, *inject;
};

/// RMS norm of each stream, with weights per stream.
inline tensor* norm_streams(builder& b, int il, tensor_name name, tensor* x) {
  const std::int64_t n_embd = b.hp.n_embd, hc = b.hp.dsv4_hc_mult;
  return b.mul(b.rms_norm(x), b.reshaped_weight(il, name, {n_embd, hc, 1, 1}));
}

/// Source:   llama.cpp v0.5.0, src/models/qwen4exp.cpp: build_hc_mix
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
  if (il >= 0) out.inject = b.mul_mat(b.require(il, names.inject), normed);
  return out;
}

/// Source:   llama.cpp v0.5.0, src/models/qwen4exp.cpp: build_hc_combine
inline tensor* write_gated(builder& b, int il, tensor* x, tensor* streams, tensor* inject) {
  tensor* weights = b.scale(b.sigmoid(b.scale(inject)));
  if (b.cp.fused.hc_post)
    return builder::named(b.hc_post(x, streams, weights, nullptr), "hc_post", il);
  const std::int64_t n_embd = streams->ne[0], hc = streams->ne[1], nt = streams->ne[2];
  weights = b.reshape(weights, 1, hc, nt);
  tensor* all = b.repeat(b.reshape(x, n_embd, 1, nt), {n_embd, hc, nt, 1});
  return b.add(streams, b.mul(all, weights));
}

/// Inputs that map cells to blocks of one size.
struct block_index {
  block_index(builder& b, const tensor& mask, std::int64_t block_size)
      : size(block_size),
        n_block((mask.ne[0] + block_size - 1) / block_size),
        keys(b, cache_named(b, "idx")) {
    ggml::graph& g = b.get_graph();
    const std::int64_t n_stream = mask.ne[3];
    by_block = b.cp.causal_attn && b.hp.f_max_alibi_bias == 0.0f;
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

/// Chooses whole blocks of cells by the mean of their index keys.
///
/// Source:   llama.cpp v0.5.0, src/models/qwen4exp.cpp: build_qsa_top_k
class block_chooser {
 public:
  block_chooser(builder& b, tensor* mask) : b_(b), mask_(mask) {}

  /// Shape:    [cells chosen, tokens per stream, 1, streams]
  tensor* operator()(int il, tensor* x, tensor* pos) {
    block_index& index = of(b_.hp.index_block_arr[static_cast<std::size_t>(il)]);
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
        std::min<std::int64_t>(mask_->ne[0], b_.hp.indexer_top_k + index.size - 1);
    return b_.reshape(b_.cont(b_.top_k(scores, n)), n, mask_->ne[1], 1, mask_->ne[3]);
  }

 private:
  block_index& of(std::int64_t size) {
    for (const auto& i : indices_)
      if (i->size == size) return *i;
    return *indices_.emplace_back(std::make_unique<block_index>(b_, *mask_, size));
  }

  /// Stores the raw keys, and gives the normed and rotated means of those of each block.
  tensor* pooled_keys(int il, tensor* x, block_index& index) {
    const std::int64_t head = b_.hp.indexer_head_size, n_block = index.n_block,
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

  tensor* score(int il, tensor* x, tensor* pos, tensor* keys, const block_index& index) {
    const std::int64_t head = b_.hp.indexer_head_size, n_head = b_.hp.indexer_n_head,
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
  std::vector<std::unique_ptr<block_index>> indices_;
};

/// Rows of the n-gram table for every token, side by side.
inline tensor* ngram_embeddings(builder& b) {
  const std::int64_t n = b.hp.ple_n_heads, nt = b.ub.n_tokens;
  tensor* rows = b.get_graph().make_input("ple_rows", ggml_type::i32, n * nt);
  tensor* x = b.get_rows(b.require(-1, "per_layer_token_embd"), rows);
  return b.reshape(x, b.hp.ple_head_dim * n, nt);
}

/// A causal convolution per channel with gaps, as a sum of shifted copies.
inline tensor* dilated_convolution(builder& b, recurrent_input& rs, int il, tensor* x) {
  const std::int64_t n = b.hp.ple_conv_kernel, gap = b.hp.ple_ngram_size, past = (n - 1) * gap,
                     channels = x->ne[0], nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs;
  tensor* input =
      rs.delayed_input(rs.all_p(il), b.reshape(x, channels, nst, n_seqs), past, channels);
  tensor *kernel = b.require(il, "ple_conv1d"), *sum = nullptr;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::uint64_t first = static_cast<std::uint64_t>(past - (n - 1 - i) * gap);
    tensor* shifted = b.cont(b.transpose(
        b.view_3d(input, nst, channels, n_seqs, input->nb[1], input->nb[2], first * input->nb[0])));
    tensor* tap = b.cont(b.view_2d(kernel, 1, channels, kernel->nb[1],
                                   static_cast<std::uint64_t>(i) * kernel->nb[0]));
    tap = b.reshape(tap, channels);
    if (tap->type != ggml_type::f32) tap = b.cast(tap, ggml_type::f32);
    tensor* term = b.mul(shifted, tap);
    sum = sum ? b.add(sum, term) : term;
  }
  return b.silu(sum);
}

/// Adds the n-gram embeddings to the streams, gated by how well they match.
///
/// Source:   llama.cpp v0.5.0, src/models/qwen4exp.cpp: build_ple
inline tensor* add_ngrams(builder& b, recurrent_input& rs, int il, tensor* embeddings,
                          tensor* streams) {
  const std::int64_t n_embd = b.hp.n_embd, hc = b.hp.dsv4_hc_mult, nt = b.ub.n_tokens;
  tensor* key = b.mul_mat(b.require(il, "ple_key"), embeddings);
  tensor* value = b.mul_mat(b.require(il, "ple_value"), embeddings);
  const auto by_stream = [&](tensor* t) { return b.reshape(t, n_embd, hc, nt); };
  key = norm_streams(b, il, "ple_norm_key", by_stream(key));
  tensor* query = norm_streams(b, il, "ple_norm_query", by_stream(streams));
  tensor* match = b.scale(b.sum_rows(b.mul(key, query)));
  tensor* size = b.sqrt(b.clamp(b.unary(ggml::unary::abs, match)));
  tensor* gate = b.sigmoid(b.mul(b.unary(ggml::unary::sgn, match), size));
  tensor* all = b.repeat(b.reshape(value, n_embd, 1, nt), {n_embd, hc, nt, 1});
  tensor* gated = b.mul(all, gate);
  tensor* normed =
      norm_streams(b, il, "ple_norm_conv", by_stream(b.reshape(gated, n_embd * hc, nt)));
  tensor* conv = dilated_convolution(b, rs, il, b.reshape(normed, n_embd * hc, nt));
  return b.add(streams, b.add(gated, by_stream(b.cont(conv))));
}

}  // namespace detail

inline void build_qwen4exp(builder& b) {
  tensor* embeddings = b.token_embeddings();
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();
  tensor* ngrams = nullptr;
  if (b.hp.ple_n_heads > 0) b.expand(ngrams = detail::ngram_embeddings(b));
  detail::block_chooser choose(b, attention.mask());
  tensor* streams = start_streams(b, embeddings);

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    const auto l = static_cast<std::uint32_t>(il);
    if (b.hp.is_ple(l)) streams = detail::add_ngrams(b, rs, il, ngrams, streams);
    detail::gated_block block = detail::read_gated(b, il, streams, detail::gated_attention_streams);
    b.expand(block.input);
    tensor* y;
    if (b.hp.is_recr(l)) {
      y = delta_net(b, rs, il, detail::separate_inputs(b, il, block.input), false,
                    {.sigmoid_gate = true, .copies_states = true});
    } else {
      attention_options o{.project = false};
      if (b.hp.indexer_head_size > 0 && b.hp.index_block_arr[l] > 0) {
        tensor* cells = choose(il, block.input, pos);
        o.n_kv_max = cells->ne[0];
        o.mask = mask_all_but(b, attention.mask(), cells, ggml_type::f32);
      }
      y = detail::gated_attention(b, attention, il, block.input, pos, false, o);
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

}  // namespace vrambudget::arch
