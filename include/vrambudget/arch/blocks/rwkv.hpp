// Time mixing of RWKV 6 and 7: every token is mixed with the one before, then a matrix state per head
// takes the place of attention.
#pragma once

#include "vrambudget/arch/blocks/recurrent.hpp"

namespace vrambudget::arch {

namespace detail {

/// Up from a low rank: b (f (a x)).
template <class Between>
tensor* low_rank(builder& b, int il, tensor_name down, tensor_name up, tensor* x, Between&& f) {
  return b.plain_mul_mat(b.require(il, up), f(b.plain_mul_mat(b.require(il, down), x)));
}

/// One of the mixtures of a token and its predecessor, stacked along the last dimension.
inline tensor* mixture(builder& b, tensor* all, std::int64_t i) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens;
  return b.view_2d(all, n_embd, nt, all->nb[1], static_cast<std::uint64_t>(i * n_embd * nt) * 4);
}

/// Stores the new state, the rows behind the output, and gives the output.
inline tensor* keep_state(builder& b, recurrent_input& rs, int il, tensor* result) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens;
  rs.store_flat(rs.all_s(il), b.view_1d(result, n_embd * b.hp.wkv.head_size * b.ub.n_seqs,
                                        static_cast<std::uint64_t>(n_embd * nt) * 4));
  return b.view_1d(result, n_embd * nt, 0);
}

/// A layer norm of each head, with scale and shift over all.
inline tensor* norm_each_head(builder& b, int il, tensor* x, std::int64_t n_head) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens;
  x = b.reshape(b.norm(b.reshape(x, b.part(n_embd, n_head), n_head, nt)), n_embd, nt);
  return b.add(b.mul(x, b.require(il, "time_mix_ln")), b.require(il, "time_mix_ln", ".bias"));
}

/// Mixtures for decay, key, value, receptance and gate; how much of each depends on the token.
inline std::array<tensor*, 5> mixtures_of_token(builder& b, int il, tensor* x, tensor* shift) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens;
  tensor *w1 = b.require(il, "time_mix_w1"), *w2 = b.require(il, "time_mix_w2");
  tensor* lerp = b.add(b.mul(shift, b.require(il, "time_mix_lerp_x")), x);
  tensor* all = b.reshape(b.tanh(b.plain_mul_mat(w1, lerp)), w1->ne[1] / 5, 1, 5, nt);
  all = b.cont(b.permute(all, {0, 1, 3, 2}));
  all = b.plain_mul_mat(b.reshape(w2, w2->ne[0], w2->ne[1], 1, 5), all);

  std::array<tensor*, 5> each{};
  if (tensor* fused = b.weight(il, "time_mix_lerp_fused")) {
    all = b.mul(b.add(all, fused), b.reshape(shift, n_embd, 1, nt));
    all = b.add(all, b.reshape(x, n_embd, 1, nt));
    for (std::size_t i = 0; i < 5; ++i) each[i] = mixture(b, all, static_cast<std::int64_t>(i));
    return each;
  }
  constexpr std::array<tensor_name, 5> names{"time_mix_lerp_w", "time_mix_lerp_k",
                                             "time_mix_lerp_v", "time_mix_lerp_r",
                                             "time_mix_lerp_g"};
  for (std::size_t i = 0; i < 5; ++i) {
    tensor* part = b.add(mixture(b, all, static_cast<std::int64_t>(i)), b.require(il, names[i]));
    each[i] = b.add(b.mul(part, shift), x);
  }
  return each;
}

}  // namespace detail

/// RWKV 6. Without a weight for the first token it is gated linear attention (RWKV on Qwen2).
///
/// Shape:    x, previous, result [n_embd, tokens per sequence, sequences]
/// Source:   llama.cpp, src/models/rwkv6-base.cpp: build_rwkv6_time_mix
inline tensor* time_mix_6(builder& b, recurrent_input& rs, int il, tensor* x, tensor* previous) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens, head = b.hp.wkv.head_size;
  const std::int64_t n_head = b.part(n_embd, head), n_kv = b.hp.n_head_kv(static_cast<std::uint32_t>(il));
  tensor* first = b.weight(il, "time_mix_first");

  tensor* shift = b.reshape(b.sub(previous, x), n_embd, nt);
  const auto [xw, xk, xv, xr, xg] =
      detail::mixtures_of_token(b, il, b.reshape(x, n_embd, nt), shift);
  const auto heads = [&](tensor* t) {
    if (n_kv != 0 && n_kv != n_head)
      t = b.repeat(b.reshape(t, head, 1, n_kv, nt), {head, b.part(n_head, n_kv), n_kv, nt});
    return b.reshape(t, head, n_head, nt);
  };
  tensor* r = b.reshape(b.linear(il, "time_mix_receptance", xr), head, n_head, nt);
  tensor* k = heads(b.linear(il, "time_mix_key", xk));
  tensor* v = heads(b.linear(il, "time_mix_value", xv));
  tensor* gate = b.mul_mat(b.require(il, "time_mix_gate"), xg);
  gate = first ? b.silu(gate) : b.sigmoid(gate);
  tensor* w = detail::low_rank(b, il, "time_mix_decay_w1", "time_mix_decay_w2", xw,
                               [&](tensor* t) { return b.tanh(t); });
  w = b.exp(b.neg(b.exp(b.add(w, b.require(il, "time_mix_decay")))));
  w = b.reshape(w, head, n_head, nt);
  if (!first) k = b.sub(k, b.mul(k, w));

  tensor* state = rs.load(rs.all_s(il));
  tensor* y =
      first ? b.rwkv_wkv6(k, v, r, first, w, state) : b.gated_linear_attn(k, v, r, w, state);
  y = detail::keep_state(b, rs, il, y);
  y = first ? detail::norm_each_head(b, il, y, n_head) : b.reshape(y, n_embd, nt);
  y = b.mul_mat(b.require(il, "time_mix_output"), b.mul(y, gate));
  return b.reshape(y, n_embd, b.ub.n_seq_tokens(), b.ub.n_seqs);
}

/// RWKV 7. `first_value`: V of the first layer, which later ones mix with their own.
///
/// Shape:    x, previous, result [n_embd, tokens per sequence, sequences]
/// Source:   llama.cpp, src/models/rwkv7-base.cpp: build_rwkv7_time_mix
inline tensor* time_mix_7(builder& b, recurrent_input& rs, int il, tensor* x, tensor* previous,
                          tensor*& first_value) {
  const std::int64_t n_embd = b.hp.n_embd, nt = b.ub.n_tokens, nst = b.ub.n_seq_tokens(),
                     n_seqs = b.ub.n_seqs, head = b.hp.wkv.head_size, n_head = b.part(n_embd, head);
  const bool gated = b.has(il, "time_mix_g1") && b.has(il, "time_mix_g2");
  const auto plain = [](tensor* t) { return t; };
  const auto heads = [&](tensor* t) { return b.reshape(t, head, n_head, nt); };

  tensor* shift = b.repeat(b.sub(previous, x), {n_embd, nst, n_seqs, gated ? 6 : 5});
  tensor* all = b.add(b.mul(shift, b.require(il, "time_mix_lerp_fused")), x);
  const auto mixed = [&](std::int64_t i) { return detail::mixture(b, all, i); };

  tensor* r = b.mul_mat(b.require(il, "time_mix_receptance"), mixed(0));
  tensor* w = detail::low_rank(b, il, "time_mix_w1", "time_mix_w2", mixed(1),
                               [&](tensor* t) { return b.tanh(t); });
  w = b.exp(b.scale(b.sigmoid(b.add(w, b.require(il, "time_mix_w0")))));
  tensor* k = b.mul_mat(b.require(il, "time_mix_key"), mixed(2));
  tensor* xv = mixed(3);
  tensor* v = b.mul_mat(b.require(il, "time_mix_value"), xv);
  if (!first_value) {
    first_value = v;
  } else {
    tensor* share = detail::low_rank(b, il, "time_mix_v1", "time_mix_v2", xv, plain);
    share = b.sigmoid(b.add(share, b.require(il, "time_mix_v0")));
    v = b.add(v, b.mul(b.sub(first_value, v), share));
  }
  tensor* a = detail::low_rank(b, il, "time_mix_a1", "time_mix_a2", mixed(4), plain);
  a = b.sigmoid(b.add(a, b.require(il, "time_mix_a0")));
  tensor* removed = b.l2_norm(heads(b.mul(k, b.require(il, "time_mix_k_k"))));
  tensor* scaled = b.mul(k, b.require(il, "time_mix_k_a"));
  k = b.add(k, b.sub(b.mul(a, scaled), scaled));
  r = heads(r), w = heads(w), k = heads(k), v = heads(v), a = heads(a);

  tensor* state = rs.load(rs.all_s(il));
  tensor* y = b.rwkv_wkv7(r, w, k, v, b.neg(removed), b.mul(removed, a), state);
  y = detail::keep_state(b, rs, il, y);
  y = b.has(il, "time_mix_ln") ? detail::norm_each_head(b, il, y, n_head)
                               : b.reshape(y, n_embd, nt);
  tensor* bonus =
      b.sum_rows(b.mul(b.mul(k, r), b.reshape(b.require(il, "time_mix_r_k"), head, n_head)));
  y = b.add(y, b.reshape(b.mul(v, bonus), n_embd, nt));
  if (gated)
    y = b.mul(y, detail::low_rank(b, il, "time_mix_g1", "time_mix_g2", mixed(5),
                                  [&](tensor* t) { return b.sigmoid(t); }));
  return b.reshape(b.mul_mat(b.require(il, "time_mix_output"), y), n_embd, nst, n_seqs);
}

}  // namespace vrambudget::arch
