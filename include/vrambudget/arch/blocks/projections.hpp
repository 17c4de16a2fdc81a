// Q, K and V from a layer's input, as separate matrices or one fused, and the norms on them.
#pragma once

#include "vrambudget/arch/blocks/attention.hpp"

namespace vrambudget::arch {

namespace detail {
/// Biases of Q, K and V beside a matrix that has all three.
inline tensor* add_separate_biases(builder& b, int il, tensor* all) {
  tensor *q = b.weight(il, "attn_q", ".bias"), *k = b.weight(il, "attn_k", ".bias"),
         *v = b.weight(il, "attn_v", ".bias");
  return q && k && v ? b.add(all, b.concat(b.concat(q, k, 0), v, 0)) : all;
}
}  // namespace detail

/// Q, K and V of a layer. `reshape` false: left as [width, tokens].
///
/// Source: llama.cpp, src/llama-graph.cpp: build_qkv
inline qkv project_qkv(builder& b, int il, tensor* x, bool reshape = true) {
  const auto l = static_cast<std::uint32_t>(il);
  const std::int64_t head_k = b.hp.n_embd_head_k(l), head_v = b.hp.n_embd_head_v(l),
                     nt = b.ub.n_tokens;
  const std::int64_t n_head = b.hp.n_head(l), n_kv = b.hp.n_head_kv(l);
  const auto clamped = [&](tensor* t) {
    return reshape && b.hp.attn.f_clamp_kqv > 0.0f ? b.clamp(t) : t;
  };

  if (!b.has(il, "attn_qkv")) {
    qkv r{clamped(b.linear(il, "attn_q", x)), clamped(b.linear(il, "attn_k", x)),
          clamped(b.linear(il, "attn_v", x))};
    if (!reshape) return r;
    return {b.reshape(r.q, head_k, n_head, nt), b.reshape(r.k, head_k, n_kv, nt),
            b.reshape(r.v, head_v, n_kv, nt)};
  }

  tensor* all = b.linear(il, "attn_qkv", x);
  if (!b.weight(il, "attn_qkv", ".bias")) all = detail::add_separate_biases(b, il, all);
  all = clamped(all);
  const auto row = [&](std::int64_t n) {
    return row_size(all->type, static_cast<std::uint64_t>(n)).count;
  };
  const std::int64_t n_q = head_k * n_head, n_k = head_k * n_kv;
  const auto part = [&](std::int64_t head, std::int64_t heads, std::int64_t first) {
    return reshape ? b.view_3d(all, head, heads, nt, row(head), all->nb[1], row(first))
                   : b.cont(b.view_2d(all, head * heads, nt, all->nb[1], row(first)));
  };
  return {part(head_k, n_head, 0), part(head_k, n_kv, n_q), part(head_v, n_kv, n_q + n_k)};
}

/// Q alone, of layers that read keys and values of another.
///
/// Shape:    [head size, heads, tokens]
inline tensor* project_q(builder& b, int il, tensor* x) {
  const auto l = static_cast<std::uint32_t>(il);
  const std::int64_t head = b.hp.n_embd_head_k(l), n_head = b.hp.n_head(l), nt = b.ub.n_tokens;
  if (!b.has(il, "attn_qkv"))
    return b.reshape(b.linear_without_bias(il, "attn_q", x), head, n_head, nt);
  tensor* all = b.linear_without_bias(il, "attn_qkv", x);
  return b.reshape(b.cont(b.view_2d(all, head * n_head, nt, all->nb[1], 0)), head, n_head, nt);
}

/// RoPE on Q and K.
inline void rotate_positions(builder& b, qkv& x, tensor* pos, tensor* factors = nullptr) {
  x.q = b.rope(x.q, pos, factors);
  x.k = b.rope(x.k, pos, factors);
}

/// A norm of each head of Q and K, as far as the file has them.
inline void norm_heads(builder& b, int il, qkv& x, norm_kind kind = norm_kind::rms) {
  if (b.has(il, "attn_q_norm")) x.q = b.norm_of(kind, il, "attn_q_norm", x.q);
  if (b.has(il, "attn_k_norm")) x.k = b.norm_of(kind, il, "attn_k_norm", x.k);
}

/// A layer norm over all heads of `x` at once, if the file has it.
inline tensor* norm_across_heads(builder& b, int il, tensor_name name, tensor* x) {
  if (!b.has(il, name)) return x;
  const auto [head, heads, nt] = std::array{x->ne[0], x->ne[1], x->ne[2]};
  return b.reshape(b.layer_norm_of(il, name, b.reshape(x, head * heads, nt)), head, heads, nt);
}

/// Rows of Q, K and V as heads.
///
/// Shape:    [head * heads, tokens]; result [head, heads, tokens]
inline qkv in_heads(builder& b, int il, const qkv& y) {
  const auto l = static_cast<std::uint32_t>(il);
  const auto heads = [&](tensor* t, std::int64_t n) {
    return b.reshape(t, b.part(t->ne[0], n), n, b.ub.n_tokens);
  };
  return {heads(y.q, b.hp.n_head(l)), heads(y.k, b.hp.n_head_kv(l)),
          heads(y.v, b.hp.n_head_kv(l))};
}

/// The output of attention times an activated gate, per head or per element as the gate has rows.
///
/// Shape:    x [head * heads, tokens], gate [heads or head * heads, tokens]; result as x
inline tensor* gate_heads(builder& b, int il, tensor* x, tensor* gate) {
  const auto l = static_cast<std::uint32_t>(il);
  const std::int64_t n_head = b.hp.n_head(l), nt = b.ub.n_tokens;
  if (gate->ne[0] != n_head) return b.mul(x, gate);
  tensor* heads =
      b.mul(b.reshape(x, b.part(x->ne[0], n_head), n_head, nt), b.reshape(gate, 1, n_head, nt));
  return b.reshape(heads, x->ne[0], nt);
}

}  // namespace vrambudget::arch
