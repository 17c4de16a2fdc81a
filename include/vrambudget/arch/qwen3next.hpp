// Qwen3-Next, Qwen3.5 and Qwen3.6: three gated delta nets to one gated attention, dense or experts.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/delta_net.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Attention whose Q projection also gives a gate for its output: [q, gate] per head.
/// `by_head`: the projection is reshaped to heads before it is taken apart.
template <class Attention>
tensor* gated_attention(builder& b, Attention& attention, int il, tensor* x, tensor* pos,
                        bool by_head, const attention_options& o = {.project = false}) {
  const auto l = static_cast<std::uint32_t>(il);
  const std::int64_t head = b.hp.n_embd_head_k(l), n_head = b.hp.n_head(l),
                     n_kv = b.hp.n_head_kv(l);
  const std::int64_t nt = b.ub.n_tokens;
  qkv y;
  tensor* both = b.linear(il, "attn_q", x);
  if (by_head) both = b.reshape(both, 2 * head, n_head, nt);
  const auto half = [&](std::int64_t first) {
    const auto row = static_cast<std::uint64_t>(2 * head) * both->nb[0];
    return b.view_3d(both, head, n_head, nt, row, row * static_cast<std::uint64_t>(n_head),
                     static_cast<std::uint64_t>(first) * both->nb[0]);
  };
  y.q = half(0);
  y.k = b.reshape(b.linear(il, "attn_k", x), head, n_kv, nt);
  y.v = b.reshape(b.linear(il, "attn_v", x), head, n_kv, nt);
  norm_heads(b, il, y);
  rotate_positions(b, y, pos);
  tensor* out = attention(il, y, o);
  tensor* gate = b.sigmoid(b.cont(half(head), head * n_head, nt));
  return b.linear(il, "attn_output", b.mul(out, gate));
}

/// Experts with a shared one behind a gate of its own, or a dense layer.
inline tensor* gated_experts(builder& b, int il, tensor* x) {
  if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x);
  tensor* routed = moe_ffn(b, il, x, {.weights_scale = b.hp.moe.weights_scale});
  if (!b.has(il, "ffn_up_shexp")) return routed;
  tensor* shared = ffn(b, il, x, activation::silu, shared_expert);
  tensor* gate = b.sigmoid(b.linear(il, "ffn_gate_inp_shexp", x));
  return b.add(routed, b.mul(shared, gate));
}

/// Separate projections for everything (Qwen3.5), for as many tokens of each of `n_seqs` sequences.
inline delta_net_inputs inputs_of_sequences(builder& b, int il, tensor* x, std::int64_t n_seqs) {
  const std::int64_t nst = x->ne[1] / n_seqs, n_head = delta_net_shape(b.hp).n_head_v;
  tensor* mixed = b.linear_without_bias(il, "attn_qkv", x);
  tensor* beta = b.reshape(b.linear_without_bias(il, "ssm_beta", x), 1, n_head, nst, n_seqs);
  tensor* alpha = b.reshape(b.linear_without_bias(il, "ssm_alpha", x), n_head, nst, n_seqs);
  return {b.reshape(mixed, mixed->ne[0], nst, n_seqs), b.linear_without_bias(il, "attn_gate", x),
          b.sigmoid(beta), delta_net_decay(b, il, alpha)};
}

inline delta_net_inputs separate_inputs(builder& b, int il, tensor* x) {
  return inputs_of_sequences(b, il, x, b.ub.n_seqs);
}

/// Beta and alpha in one matrix, by key head (Qwen3-Next); q, k, v, z too in files of old converters.
inline delta_net_inputs grouped_inputs(builder& b, int il, tensor* x) {
  const delta_net_shape s(b.hp);
  const std::int64_t nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs,
                     per_key = b.part(s.n_head_v, s.n_head_k);
  const auto group = [&](tensor* t, std::int64_t size, std::int64_t first) {
    return b.view_4d(t, {size, s.n_head_k, nst, n_seqs}, t->nb[1], t->nb[2], t->nb[3],
                     static_cast<std::uint64_t>(first) * t->nb[0]);
  };
  tensor* ba =
      b.reshape(b.mul_mat(b.require(il, "ssm_ba"), x), 2 * per_key, s.n_head_k, nst, n_seqs);
  tensor* beta = b.sigmoid(b.cont(group(ba, per_key, 0)));
  tensor* alpha = b.cont(group(ba, per_key, per_key), s.n_head_v, nst, n_seqs);
  delta_net_inputs in{nullptr, nullptr, b.reshape(beta, 1, s.n_head_v, nst, n_seqs),
                      delta_net_decay(b, il, alpha)};
  if (b.has(il, "attn_qkv")) {
    tensor* mixed = b.mul_mat(b.require(il, "attn_qkv"), x);
    in.qkv = b.reshape(mixed, mixed->ne[0], nst, n_seqs);
    in.z = b.mul_mat(b.require(il, "attn_gate"), x);
    return in;
  }
  const std::int64_t values = s.head_v * per_key;
  tensor* all = b.reshape(b.mul_mat(b.require(il, "ssm_in"), x), 2 * s.head_k + 2 * values,
                          s.n_head_k, nst, n_seqs);
  const auto flat = [&](std::int64_t size, std::int64_t first) {
    return b.cont(group(all, size, first), size * s.n_head_k, nst, n_seqs);
  };
  tensor* qk = b.concat(flat(s.head_k, 0), flat(s.head_k, s.head_k), 0);
  in.qkv = b.concat(qk, flat(values, 2 * s.head_k), 0);
  in.z = b.cont(group(all, values, 2 * s.head_k + values));
  return in;
}

template <class Inputs>
void build_delta_hybrid(builder& b, bool interleave, Inputs&& inputs) {
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  build_decoder(
      b,
      {.ffn_norm = "post_attention_norm", .rows = row_selection::after_norm, .projects_embd = true},
      [&](int il, tensor* x) {
        b.expand(x);
        if (!b.hp.is_recr(static_cast<std::uint32_t>(il)))
          return gated_attention(b, attention, il, x, pos, interleave);
        return delta_net(b, rs, il, inputs(b, il, x), interleave);
      },
      [&](int il, tensor* x) { return gated_experts(b, il, x); });
}

}  // namespace detail

inline void build_qwen3next(builder& b) {
  detail::build_delta_hybrid(b, true, detail::grouped_inputs);
}
inline void build_qwen35(builder& b) {
  detail::build_delta_hybrid(b, false, detail::separate_inputs);
}

}  // namespace vrambudget::arch
