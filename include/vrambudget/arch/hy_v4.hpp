// Hunyuan 4: residual streams that mix only through what blocks read and write, around gated latent
// attention to all cells or to those an index chooses.
#pragma once

#include <optional>

#include "vrambudget/arch/blocks/hyper_connections.hpp"
#include "vrambudget/arch/deepseek32.hpp"

namespace vrambudget::arch {

namespace detail {

/// What a block reads, and with what weights its result is added to each stream.
struct stream_gates {
  tensor *input, *post;
};

/// The weighted sum in f32, with casts that do nothing when it is f32 already, and still are nodes.
inline tensor* reduce_streams(builder& b, tensor* streams, tensor* weights) {
  tensor* sum = sum_streams(b, b.cast(streams, ggml_type::f32), weights);
  return b.cast(sum, streams->type);
}

inline stream_gates read_streams(builder& b, int il, tensor* streams, const stream_names& names) {
  const std::int64_t hc = streams->ne[1];
  tensor* mixes = mix_streams(b, il, streams, names);
  const mix_part pre(b, il, mixes, names, hc, 0, 0), post(b, il, mixes, names, hc, hc, 1);
  tensor* weights = b.scale(b.sigmoid(affine(b, pre)));
  tensor* gates = b.scale(b.scale(b.sigmoid(affine(b, post))));
  return {reduce_streams(b, streams, weights), gates};
}

/// Each stream plus the block's result times the stream's weight.
inline tensor* write_streams(builder& b, tensor* x, tensor* streams, tensor* post) {
  tensor *x32 = b.cast(x, ggml_type::f32), *post32 = b.cast(post, ggml_type::f32),
         *streams32 = b.cast(streams, ggml_type::f32);
  tensor* out = nullptr;
  for (std::int64_t i = 0; i < streams->ne[1]; ++i) {
    tensor* t = b.add(stream(b, streams32, i), b.mul(x32, coefficient(b, post32, i)));
    t = b.reshape(t, x->ne[0], 1, x->ne[1]);
    out = out ? b.concat(out, t, 1) : t;
  }
  return b.cast(out, streams->type);
}

inline tensor* join_streams(builder& b, tensor* streams) {
  tensor* mixes = mix_streams(b, -1, streams, head_streams);
  tensor* weights = b.sigmoid(
      affine(b, mixes, b.require(-1, head_streams.scale), b.require(-1, head_streams.base)));
  return reduce_streams(b, streams, b.scale(weights));
}

inline tensor* gated_latent_output(builder& b, int il, tensor* x, tensor* attended) {
  tensor* gate = b.sigmoid(b.plain_mul_mat(b.require(il, "attn_gate"), x));
  return b.mul_mat(b.require(il, "attn_output"), b.mul(attended, gate));
}

}  // namespace detail

inline void build_hy_v4(builder& b) {
  b.adapts_output = false;
  tensor* streams = start_streams(b, b.token_embeddings());
  tensor* pos = b.positions();
  std::optional<sparse_attention> indexed;
  std::optional<attention_input> dense;
  if (b.hp.indexer.top_k > 0)
    indexed.emplace(b, false);
  else
    dense.emplace(b);
  tensor* out_ids = b.output_ids();
  tensor* cells = nullptr;

  for (int il = 0; il < static_cast<int>(b.hp.n_layer()); ++il) {
    detail::stream_gates block = detail::read_streams(b, il, streams, attention_streams);
    tensor* x = b.rms_norm_of(il, "attn_norm", block.input);
    tensor* y = indexed
                    ? detail::indexed_latent_attention(b, *indexed, il, x, pos, cells, false)
                    : latent_attention(
                          b, *dense, il, x, pos, nullptr,
                          {.flat_q = true, .project = false, .sinks = b.require(il, "attn_sinks")});
    y = detail::gated_latent_output(b, il, x, y);
    streams = detail::write_streams(b, y, streams, block.post);

    block = detail::read_streams(b, il, streams, ffn_streams);
    y = experts_after_dense(b, il, b.rms_norm_of(il, "ffn_norm", block.input));
    streams = builder::named(detail::write_streams(b, y, streams, block.post), "l_out", il);
  }

  b.embd =
      b.rms_norm_of(-1, "output_norm", detail::join_streams(b, pick_rows(b, streams, out_ids)));
  b.finish_logits();
}

}  // namespace vrambudget::arch
