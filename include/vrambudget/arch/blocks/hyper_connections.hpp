// Hyper-connections: several residual streams side by side. Each block reads a weighted sum of them and
// writes its result back to all.
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// Names of the matrices and vectors around one block.
struct stream_names {
  tensor_name fn, scale, base;
};
inline constexpr stream_names attention_streams{"hc_attn_fn", "hc_attn_scale", "hc_attn_base"};
inline constexpr stream_names ffn_streams{"hc_ffn_fn", "hc_ffn_scale", "hc_ffn_base"};
inline constexpr stream_names head_streams{"output_hc_fn", "output_hc_scale", "output_hc_base"};

/// Every stream starts as the embeddings.
///
/// Shape:    x [n_embd, tokens]; result [n_embd, streams, tokens]
inline tensor* start_streams(builder& b, tensor* x) {
  const std::int64_t n_embd = x->ne[0], nt = x->ne[1];
  return b.repeat(b.reshape(x, n_embd, 1, nt), {n_embd, b.hp.hc.mult, nt, 1});
}

/// The rows that need logits, of all streams.
inline tensor* pick_rows(builder& b, tensor* streams, tensor* out_ids) {
  const std::int64_t n_embd = streams->ne[0], hc = streams->ne[1];
  tensor* rows = b.get_rows(b.reshape(streams, n_embd * hc, streams->ne[2]), out_ids);
  return b.reshape(rows, n_embd, hc, rows->ne[1]);
}

/// Coefficients of a block from its streams, normed all at once.
///
/// Shape:    streams [n_embd, streams, tokens]; result [coefficients, tokens]
inline tensor* mix_streams(builder& b, int il, tensor* streams, const stream_names& names) {
  tensor* flat = b.reshape(streams, streams->ne[0] * streams->ne[1], streams->ne[2]);
  return b.plain_mul_mat(b.require(il, names.fn), b.rms_norm(flat));
}

namespace detail {
/// `n` coefficients from the `first` on, and the part of scale and base that belongs to them.
struct mix_part {
  mix_part(builder& b, int il, tensor* mixes, const stream_names& names, std::int64_t n,
           std::int64_t first, std::uint64_t number) {
    const auto at = [](const tensor* t, std::int64_t i) {
      return row_size(t->type, static_cast<std::uint64_t>(i)).count;
    };
    tensor *all_scale = b.require(il, names.scale), *all_base = b.require(il, names.base);
    scale = b.view_1d(all_scale, 1, at(all_scale, static_cast<std::int64_t>(number)));
    base = b.view_1d(all_base, n, at(all_base, first));
    part = b.view_2d(mixes, n, mixes->ne[1], mixes->nb[1], at(mixes, first));
  }
  tensor *part, *scale, *base;
};
inline tensor* affine(builder& b, tensor* x, tensor* scale, tensor* base) {
  return b.add(b.mul(x, scale), base);
}
inline tensor* affine(builder& b, const mix_part& m) { return affine(b, m.part, m.scale, m.base); }

inline tensor* stream(builder& b, tensor* x, std::int64_t i) {
  return b.view_2d(x, x->ne[0], x->ne[2], x->nb[2], static_cast<std::uint64_t>(i) * x->nb[1]);
}
/// Coefficient `i` of every token.
inline tensor* coefficient(builder& b, tensor* w, std::int64_t i) {
  return b.view_2d(w, 1, w->ne[1], w->nb[1], static_cast<std::uint64_t>(i) * w->nb[0]);
}
}  // namespace detail

/// Sum of the streams, each times its coefficient, step by step.
inline tensor* sum_streams(builder& b, tensor* streams, tensor* weights) {
  tensor* sum = nullptr;
  for (std::int64_t i = 0; i < streams->ne[1]; ++i) {
    tensor* t = b.mul(detail::stream(b, streams, i), detail::coefficient(b, weights, i));
    sum = sum ? b.add(sum, t) : t;
  }
  return sum;
}

/// RMS norm of each stream, with weights per stream.
inline tensor* norm_streams(builder& b, int il, tensor_name name, tensor* x) {
  const std::int64_t n_embd = b.hp.n_embd, hc = b.hp.hc.mult;
  return b.mul(b.rms_norm(x), b.reshaped_weight(il, name, {n_embd, hc, 1, 1}));
}

/// What a block reads, the weight of its result in each stream, and how the streams mix meanwhile.
struct connected_block {
  tensor *input, *post, *comb;
};

namespace detail {
/// Rows and columns are made to sum to one in turns (Sinkhorn).
inline tensor* doubly_stochastic(builder& b, tensor* x) {
  x = b.soft_max(x);
  tensor* eps = b.fill(b.get_graph().make(ggml_type::f32, 1));
  x = b.add(x, eps);
  const auto norm_columns = [&] {
    tensor* sum = b.sum_rows(b.cont(b.permute(x, {1, 0, 2, 3})));
    x = b.div(x, b.permute(b.add(sum, eps), {1, 0, 2, 3}));
  };
  norm_columns();
  for (std::uint32_t i = 1; i < b.hp.hc.sinkhorn_iters; ++i) {
    x = b.div(x, b.add(b.sum_rows(x), eps));
    norm_columns();
  }
  return x;
}
}  // namespace detail

/// Source:   llama.cpp, src/models/deepseek4.cpp: build_hc_pre
inline connected_block read_connected(builder& b, int il, tensor* streams,
                                      const stream_names& names) {
  const std::int64_t hc = streams->ne[1], nt = streams->ne[2];
  tensor* mixes = mix_streams(b, il, streams, names);
  tensor *scale = b.require(il, names.scale), *base = b.require(il, names.base);
  const detail::mix_part pre(b, il, mixes, names, hc, 0, 0), post(b, il, mixes, names, hc, hc, 1);
  tensor* weights = b.scale(b.sigmoid(detail::affine(b, pre)));
  connected_block out{};
  out.post = b.scale(b.sigmoid(detail::affine(b, post)));
  if (b.cp.fused.hc_comb) {
    out.comb = builder::named(b.hc_comb(mixes, scale, base), "hc_comb", il);
  } else {
    const detail::mix_part comb(b, il, mixes, names, hc * hc, 2 * hc, 2);
    out.comb = detail::doubly_stochastic(b, b.reshape(detail::affine(b, comb), hc, hc, nt));
  }
  out.input = b.cp.fused.hc_pre ? builder::named(b.hc_pre(streams, weights), "hc_pre", il)
                                : sum_streams(b, streams, weights);
  return out;
}

/// Source:   llama.cpp, src/models/deepseek4.cpp: build_hc_post
inline tensor* write_connected(builder& b, int il, tensor* x, tensor* streams,
                               const connected_block& block) {
  if (b.cp.fused.hc_post)
    return builder::named(b.hc_post(x, streams, block.post, block.comb), "hc_post", il);
  const std::int64_t hc = streams->ne[1], nt = x->ne[1];
  tensor* out = nullptr;
  for (std::int64_t to = 0; to < hc; ++to) {
    tensor* sum = b.mul(x, detail::coefficient(b, block.post, to));
    for (std::int64_t from = 0; from < hc; ++from) {
      tensor* part = detail::stream(b, streams, from);
      tensor* weight = b.view_2d(block.comb, 1, nt, block.comb->nb[2],
                                 static_cast<std::uint64_t>(to) * block.comb->nb[0] +
                                     static_cast<std::uint64_t>(from) * block.comb->nb[1]);
      sum = b.add(sum, b.mul(part, weight));
    }
    sum = b.reshape(sum, x->ne[0], 1, nt);
    out = out ? b.concat(out, sum, 1) : sum;
  }
  return out;
}

}  // namespace vrambudget::arch
