// What embedding models do with the final hidden states: pooling, classification heads, dense layers.
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

namespace detail {
inline tensor* first_of_sequences(builder& b) {
  return b.get_rows(b.embd, b.get_graph().make_input("cls", ggml_type::i32, b.ub.n_seqs));
}
inline tensor* mean_of_sequences(builder& b) {
  tensor* weights = b.get_graph().make_input("mean", ggml_type::f32, b.ub.n_tokens, b.ub.n_seqs);
  return b.mul_mat(b.cont(b.transpose(b.embd)), weights);
}
inline tensor* biased(builder& b, tensor_name name, tensor* x) {
  x = b.mul_mat(b.require(-1, name), x);
  if (tensor* bias = b.weight(-1, name, ".bias")) x = b.add(x, bias);
  return x;
}
/// Scores of a reranker. `soft_max`: over the classes.
inline tensor* rank(builder& b, tensor* x, bool soft_max) {
  if (b.has(-1, "cls")) x = b.tanh(biased(b, "cls", x));
  if (b.has(-1, "cls.output")) x = biased(b, "cls.output", x);
  return soft_max ? b.soft_max(x) : x;
}
}  // namespace detail

/// Adds pooling after a finished description, if the run asks for embeddings.
///
/// Source: llama.cpp v0.5.0, src/llama-graph.cpp: build_pooling, build_dense_out
inline void add_pooling(builder& b, bool soft_max_rank) {
  if (!b.cp.embeddings || !b.embd) return;
  tensor* x = b.embd;
  switch (b.cp.pooling) {
    case pooling::mean:
      x = detail::mean_of_sequences(b);
      break;
    case pooling::cls:
    case pooling::last:
      x = detail::first_of_sequences(b);
      break;
    case pooling::rank:
      x = detail::rank(b, detail::first_of_sequences(b), soft_max_rank);
      break;
    default:
      break;
  }
  b.expand(x);
  if (b.has(-1, "dense_2")) x = detail::biased(b, "dense_2", x);
  if (tensor* dense = b.weight(-1, "dense_3")) x = b.mul_mat(dense, x);
  b.expand(x);
  b.embd_pooled = x;
}

}  // namespace vrambudget::arch
