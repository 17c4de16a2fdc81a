// Gated delta net layers (Qwen3-Next, Qwen3.5): convolved q, k, v, the delta rule over a state, a
// gated norm.
#pragma once

#include "vrambudget/arch/blocks/recurrent.hpp"

namespace vrambudget::arch {

/// Head counts and sizes of a delta net, from GGUF's ssm keys.
struct delta_net_shape {
  explicit delta_net_shape(const hparams& hp)
      : head_k(hp.ssm.d_state),
        n_head_k(hp.ssm.n_group),
        n_head_v(hp.ssm.dt_rank),
        head_v(n_head_v ? hp.ssm.d_inner / n_head_v : 0) {}
  std::int64_t head_k, n_head_k, n_head_v, head_v;
  [[nodiscard]] std::int64_t d_inner() const { return head_v * n_head_v; }
  [[nodiscard]] std::int64_t channels() const { return d_inner() + 2 * n_head_k * head_k; }
};

/// What the projections of a layer give.
struct delta_net_inputs {
  tensor* qkv;   ///< [channels, tokens per sequence, sequences]
  tensor* z;     ///< gate of the output, d_inner wide
  tensor* beta;  ///< [1, value heads, tokens per sequence, sequences]
  tensor* gate;  ///< decay: the same shape
};

/// log decay from alpha: softplus(alpha + dt) * a, as [1, value heads, tokens per sequence, sequences].
inline tensor* delta_net_decay(builder& b, int il, tensor* alpha) {
  tensor* biased = b.add(alpha, b.require(il, "ssm_dt", ".bias"));
  tensor* gate = b.mul(b.softplus(biased), b.require(il, "ssm_a", ""));
  return b.reshape(gate, 1, alpha->ne[0], alpha->ne[1], alpha->ne[2]);
}

/// What the delta rule gives for each token, without the states behind it.
///
/// Shape:    as v: [head_v, value heads, tokens per sequence, sequences]
inline tensor* outputs_of_rule(builder& b, tensor* result, const tensor* v) {
  const auto row = [&](std::int64_t n) {
    return row_size(result->type, static_cast<std::uint64_t>(n)).count;
  };
  const std::int64_t head = v->ne[0], n_head = v->ne[1], nst = v->ne[2];
  return b.view_4d(result, {head, n_head, nst, v->ne[3]}, row(head), row(head * n_head),
                   row(head * n_head * nst), 0);
}

/// The delta rule; stores the new state, or the last ones if rollback keeps several.
///
/// Shape:    [head_v, value heads, tokens per sequence, sequences]
/// Source:   llama.cpp, src/models/delta-net-base.cpp: build_recurrent_attn
inline tensor* delta_rule(builder& b, recurrent_input& rs, int il, tensor* q, tensor* k, tensor* v,
                          tensor* gate, tensor* beta, tensor* state) {
  const std::int64_t head = v->ne[0], n_head = v->ne[1], nst = v->ne[2], n_seqs = v->ne[3];
  const std::int64_t n_snapshot = b.cp.n_rs_seq + 1;
  tensor* all = rs.all_s(il);
  tensor* result = b.gated_delta_net(q, k, v, gate, beta, state, n_snapshot);
  const auto row = [&](std::int64_t n) {
    return row_size(result->type, static_cast<std::uint64_t>(n)).count;
  };
  tensor* out = outputs_of_rule(b, result, v);
  const std::int64_t size = head * head * n_head, written = std::min(nst, n_snapshot);
  const std::uint64_t scores = row(head * n_head * nst * n_seqs);
  if (b.cp.n_rs_seq == 0) {
    rs.store(all, b.view_4d(result, {head, head, n_head, n_seqs}, row(head), row(head * head),
                            row(size), scores));
  } else {
    tensor* states =
        b.view_3d(result, size, n_seqs, written, row(size), row(size * n_seqs), scores);
    b.expand(b.cpy(states, b.view_3d(all, size, n_seqs, written, all->nb[1],
                                     static_cast<std::uint64_t>(rs.n_cell()) * all->nb[1], 0)));
  }
  return out;
}

/// What differs between models with delta nets.
struct delta_net_options {
  bool sigmoid_gate = false;   ///< instead of silu
  bool copies_states = false;  ///< convolution states are made dense before they are stored
};

/// q, k and v of a delta net.
struct delta_net_heads {
  tensor *q, *k, *v;  ///< [head, heads, tokens per sequence, sequences]
};

/// They are channels of one convolution; q and k have unit length. `interleave`: these are repeated to
/// the value heads first.
///
/// Shape:    conv_in [kernel - 1 + tokens per sequence, channels, sequences]
inline delta_net_heads convolved_heads(builder& b, tensor* conv_in, tensor* kernel,
                                       bool interleave) {
  const delta_net_shape s(b.hp);
  const std::int64_t nst = conv_in->ne[0] - kernel->ne[0] + 1, n_seqs = conv_in->ne[2];
  tensor* mixed = b.silu(b.ssm_conv(conv_in, kernel));
  const auto row = [&](std::int64_t n) {
    return row_size(mixed->type, static_cast<std::uint64_t>(n)).count;
  };
  const std::uint64_t token = row(s.channels());
  const auto heads = [&](std::int64_t head, std::int64_t n, std::int64_t first) {
    return b.view_4d(mixed, {head, n, nst, n_seqs}, row(head), token,
                     token * static_cast<std::uint64_t>(nst), row(first));
  };
  const auto unit = [&](tensor* t) {
    t = b.scale(b.rms_norm(t));
    if (!interleave || s.n_head_k == s.n_head_v) return t;
    const std::int64_t times = b.part(s.n_head_v, s.n_head_k);
    t = b.repeat(b.reshape(t, s.head_k, 1, s.n_head_k, nst * n_seqs),
                 {s.head_k, times, s.n_head_k, nst * n_seqs});
    return b.reshape(t, s.head_k, s.n_head_v, nst, n_seqs);
  };
  tensor* q = unit(heads(s.head_k, s.n_head_k, 0));
  tensor* k = unit(heads(s.head_k, s.n_head_k, s.head_k * s.n_head_k));
  return {q, k, heads(s.head_v, s.n_head_v, 2 * s.head_k * s.n_head_k)};
}

/// Norm of what the delta rule gives, times silu(z), output projection.
///
/// Shape:    out [head_v, value heads, tokens per sequence, sequences]; result [n_embd, tokens]
inline tensor* delta_net_output(builder& b, int il, tensor* out, tensor* z,
                                const delta_net_options& o = {}) {
  const delta_net_shape s(b.hp);
  const std::int64_t nst = out->ne[2], n_seqs = out->ne[3];
  z = b.reshape(z, s.head_v, s.n_head_v, nst, n_seqs);
  tensor* normed = b.rms_norm_of(il, "ssm_norm", out);
  out =
      b.reshape(b.mul(normed, o.sigmoid_gate ? b.sigmoid(z) : b.silu(z)), s.d_inner(), nst, n_seqs);
  out = b.linear_without_bias(il, "ssm_out", out);
  return b.reshape(out, b.hp.n_embd, nst * n_seqs);
}

/// Everything after the projections: convolution, delta rule, norm times silu(z), output projection.
///
/// Shape:    result [n_embd, tokens]
/// Source:   llama.cpp, src/models/qwen35.cpp, qwen3next.cpp: build_layer_attn_linear
inline tensor* delta_net(builder& b, recurrent_input& rs, int il, const delta_net_inputs& in,
                         bool interleave, const delta_net_options& o = {}) {
  const delta_net_shape s(b.hp);
  tensor* kernel = b.require(il, "ssm_conv1d");
  tensor* conv_in = o.copies_states
                        ? rs.delayed_input(rs.all_r(il), in.qkv, kernel->ne[0] - 1, s.channels())
                        : rs.convolution_input(il, in.qkv, kernel->ne[0], s.channels());
  tensor* state = b.reshape(rs.load(rs.all_s(il)), s.head_v, s.head_v, s.n_head_v, b.ub.n_seqs);
  const auto [q, k, v] = convolved_heads(b, conv_in, kernel, interleave);
  tensor* out = delta_rule(b, rs, il, q, k, v, in.gate, in.beta, state);
  return delta_net_output(b, il, out, in.z, o);
}

}  // namespace vrambudget::arch
