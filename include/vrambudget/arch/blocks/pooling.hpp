// What embedding models do with the final hidden states: pooling, classification heads, dense layers.
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// What differs between rerankers.
struct rank_options {
  bool of_mean = false;   ///< scores come from the mean of a sequence, with GELU instead of tanh
  bool soft_max = false;  ///< over the classes, at the end
};

namespace detail {
inline tensor* first_of_sequences(builder& b) {
  return b.get_rows(b.embd, b.get_graph().make_input("cls", ggml_type::i32, b.ub.n_seqs));
}
inline tensor* mean_of_sequences(builder& b) {
  tensor* weights = b.get_graph().make_input("mean", ggml_type::f32, b.ub.n_tokens, b.ub.n_seqs);
  return b.mul_mat(b.cont(b.transpose(b.embd)), weights);
}
inline tensor* biased(builder& b, tensor_name name, tensor* x) {
  x = b.plain_mul_mat(b.require(-1, name), x);
  if (tensor* bias = b.weight(-1, name, ".bias")) x = b.add(x, bias);
  return x;
}
/// Scores of a reranker.
inline tensor* rank(builder& b, const rank_options& o) {
  tensor* x = o.of_mean ? mean_of_sequences(b) : first_of_sequences(b);
  if (b.has(-1, "cls")) {
    x = biased(b, "cls", x);
    x = o.of_mean ? b.gelu(x) : b.tanh(x);
    if (b.has(-1, "cls.norm")) x = b.layer_norm_of(-1, "cls.norm", x);
  }
  if (b.has(-1, "cls.output")) x = biased(b, "cls.output", x);
  return o.soft_max ? b.soft_max(x) : x;
}
}  // namespace detail

/// Adds pooling after a finished description, if the run asks for embeddings.
///
/// Source: llama.cpp, src/llama-graph.cpp: build_pooling, build_dense_out
inline void add_pooling(builder& b, const rank_options& rank) {
  if (!b.cp.embeddings) return;
  if (!b.embd) {
    b.get_graph().fail("this model has no final hidden state to make embeddings of");
    return;
  }
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
      x = detail::rank(b, rank);
      break;
    default:
      break;
  }
  b.expand(x);
  if (b.has(-1, "dense_2")) x = detail::biased(b, "dense_2", x);
  if (tensor* dense = b.weight(-1, "dense_3")) x = b.plain_mul_mat(dense, x);
  b.expand(x);
  b.embd_pooled = x;
}

}  // namespace vrambudget::arch
