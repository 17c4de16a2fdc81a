// A table of n-grams: every token brings rows chosen by itself and those before it, and they are added
// to the residual streams as far as they match.
#pragma once

#include "vrambudget/arch/blocks/hyper_connections.hpp"
#include "vrambudget/arch/blocks/recurrent.hpp"

namespace vrambudget::arch {

/// Rows of the n-gram table for every token, side by side.
inline tensor* ngram_embeddings(builder& b) {
  const std::int64_t n = b.hp.ple.n_heads, nt = b.ub.n_tokens;
  tensor* rows = b.get_graph().make_input("ple_rows", ggml_type::i32, n * nt);
  tensor* x = b.get_rows(b.require(-1, "per_layer_token_embd"), rows);
  return b.reshape(x, b.hp.ple.head_dim * n, nt);
}

namespace detail {
/// A causal convolution per channel with gaps, as a sum of shifted copies.
inline tensor* dilated_convolution(builder& b, recurrent_input& rs, int il, tensor* x) {
  const std::int64_t n = b.hp.ple.conv_kernel, gap = b.hp.ple.ngram_size, past = (n - 1) * gap,
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
}  // namespace detail

/// Adds the n-gram embeddings to the streams, gated by how well they match.
///
/// Source:   llama.cpp, src/models/qwen4exp.cpp: build_ple
inline tensor* add_ngrams(builder& b, recurrent_input& rs, int il, tensor* embeddings,
                          tensor* streams) {
  const std::int64_t n_embd = b.hp.n_embd, hc = b.hp.hc.mult, nt = b.ub.n_tokens;
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
  tensor* conv = detail::dilated_convolution(b, rs, il, b.reshape(normed, n_embd * hc, nt));
  return b.add(streams, b.add(gated, by_stream(b.cont(conv))));
}

}  // namespace vrambudget::arch
