// Per-layer embeddings: every token brings a small vector for each layer, from a table of its own and
// from the token's embedding (Gemma 3n and 4).
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// The `i`th matrix of a dense three-dimensional tensor.
inline tensor* slice(builder& b, tensor* x, std::int64_t i) {
  const std::uint64_t row = row_size(x->type, static_cast<std::uint64_t>(x->ne[0])).count;
  return b.view_2d(x, x->ne[0], x->ne[1], row, static_cast<std::uint64_t>(i * x->ne[1]) * row);
}

/// Vectors of `width` for all layers. The look-up enters the graph at once, the projection of the
/// embeddings `x` where the first layer needs it.
///
/// Shape:    x [n_embd, tokens]; result [width, tokens, layers]
/// Source:   llama.cpp, src/models/gemma4.cpp: build_inp_per_layer, project_per_layer_inputs
inline tensor* per_layer_inputs(builder& b, tensor* x, std::int64_t width) {
  const std::int64_t nt = b.ub.n_tokens, n_layer = b.hp.n_layer();
  tensor* tokens = b.get_graph().make_input("inp_tokens", ggml_type::i32, nt);
  tensor* looked_up = b.get_rows(b.require(-1, "per_layer_token_embd"), tokens);
  looked_up = b.scale(b.reshape(looked_up, width, n_layer, nt));
  b.expand(looked_up);

  tensor* projected = b.scale(b.plain_mul_mat(b.require(-1, "per_layer_model_proj"), x));
  projected = b.rms_norm_of(-1, "per_layer_proj_norm", b.reshape(projected, width, n_layer, nt));
  tensor* both = b.scale(b.add(projected, looked_up));
  return b.cont(b.permute(both, {0, 2, 1, 3}));
}

/// The vectors of layer `il` from those of all, gated by `x` and brought back to the model's width.
///
/// Shape:    x [n_embd, tokens], inputs [width, tokens, layers]; result [n_embd, tokens]
inline tensor* per_layer_embedding(builder& b, int il, tensor* x, tensor* inputs) {
  tensor* gate = b.gelu(b.linear_without_bias(il, "inp_gate", x));
  tensor* y = b.linear_without_bias(il, "proj", b.mul(gate, slice(b, inputs, il)));
  return b.rms_norm_of(il, "post_norm", y);
}

}  // namespace vrambudget::arch
