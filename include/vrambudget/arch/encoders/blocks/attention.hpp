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

/// Heads of a product that is queries, then keys, then values.
struct head_sizes {
  std::int64_t n_embd_head = 0, n_head = 0, n_head_kv = 0;
};

/// Views of a product [(n_head + 2 n_head_kv) n_embd_head, positions * batch].
inline attention_inputs split_heads(builder& b, tensor* qkv, const head_sizes& size,
                                    std::int64_t n_pos, std::int64_t n_batch = 1) {
  const std::uint64_t head = static_cast<std::uint64_t>(size.n_embd_head) * element_size(*qkv);
  const auto part = [&](std::int64_t heads, std::int64_t before) {
    return b.view_4d(qkv, {size.n_embd_head, heads, n_pos, n_batch}, head, qkv->nb[1],
                     qkv->nb[1] * static_cast<std::uint64_t>(n_pos),
                     head * static_cast<std::uint64_t>(before));
  };
  return {part(size.n_head, 0), part(size.n_head_kv, size.n_head),
          part(size.n_head_kv, size.n_head + size.n_head_kv)};
}

/// Result [n_head * n_embd_head, positions * batch], before the output matrix.
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_attn
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
/// Source: llama.cpp, tools/mtmd/clip.cpp: build_rope_2d
inline tensor* rope_2d(builder& b, tensor* x, tensor* a, tensor* c) {
  return b.rope(b.rope(x, a), c);
}

}  // namespace vrambudget::arch::encoders
