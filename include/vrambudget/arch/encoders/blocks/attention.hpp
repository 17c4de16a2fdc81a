// Attention as encoders have it: no cache, every position at once.
#pragma once

#include "vrambudget/arch/encoders/builder.hpp"

namespace vrambudget::arch::encoders {

/// What attention mixes, each [n_embd_head, heads, positions, batch], and by what it is masked.
struct attention_inputs {
  tensor *q = nullptr, *k = nullptr, *v = nullptr;
  tensor* mask = nullptr;   ///< null: everything is seen
  tensor* sinks = nullptr;  ///< null: none
};

/// Result [n_head * n_embd_head, positions * batch], before the output matrix.
/// Source: llama.cpp v0.5.0, tools/mtmd/clip.cpp: build_attn
inline tensor* attention_core(builder& b, const attention_inputs& in) {
  for (tensor* t : {in.q, in.k, in.v}) b.expand(t);
  tensor* q = b.permute(in.q, {0, 2, 1, 3});
  tensor* k = b.permute(in.k, {0, 2, 1, 3});
  if (b.flash_attn) {
    tensor* v = b.permute(in.v, {0, 2, 1, 3});
    k = b.cast(k, ggml_type::f16);
    v = b.cast(v, ggml_type::f16);
    tensor* mask = in.mask ? b.cast(in.mask, ggml_type::f16) : nullptr;
    tensor* y = b.flash_attn_ext(q, k, v, mask, in.sinks);
    return b.reshape(y, y->ne[0] * y->ne[1], y->ne[2] * y->ne[3]);
  }
  tensor* v = b.cont(b.permute(in.v, {1, 2, 0, 3}));
  tensor* weights = b.soft_max(b.mul_mat(k, q), in.mask, in.sinks);
  tensor* y = b.permute(b.mul_mat(v, weights), {0, 2, 1, 3});
  return b.cont(y, y->ne[0] * y->ne[1], y->ne[2] * y->ne[3]);
}

/// The same times `wo`, plus `bias`, as far as they exist.
inline tensor* attention(builder& b, tensor* wo, tensor* bias, const attention_inputs& in) {
  tensor* y = attention_core(b, in);
  if (wo) y = b.product(wo, y);
  return bias ? b.add(y, bias) : y;
}

/// RoPE over rows and columns: the first half of each head by `a`, the second by `c`.
/// Source: llama.cpp v0.5.0, tools/mtmd/clip.cpp: build_rope_2d
inline tensor* rope_2d(builder& b, tensor* x, tensor* a, tensor* c) {
  return b.rope(b.rope(x, a), c);
}

}  // namespace vrambudget::arch::encoders
