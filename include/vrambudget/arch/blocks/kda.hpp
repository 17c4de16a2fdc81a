// Kimi delta attention: q, k and v through convolutions of their own, the delta rule with a decay per
// channel, a gated norm.
#pragma once

#include <array>

#include "vrambudget/arch/blocks/delta_net.hpp"

namespace vrambudget::arch {

/// What differs between models with Kimi delta attention.
struct kda_options {
  bool bounded_decay = false;    ///< a sigmoid between 0 and a bound instead of a softplus
  bool negated_a = true;         ///< the file has -exp(A), which a bounded decay turns around
  bool all_snapshots = false;    ///< convolution states are kept for more tokens than the batch has
  bool gate_by_sequence = true;  ///< the gate reads the input as reshaped to sequences
};

namespace detail {

/// q, k or v before its convolution, from a matrix of its own or one for all three.
inline std::array<tensor*, 3> kda_projections(builder& b, int il, tensor* x) {
  constexpr std::array<tensor_name, 3> names{"attn_q", "attn_k", "attn_v"};
  std::array<tensor*, 3> parts{};
  tensor* w = b.weight(il, "attn_qkv");
  tensor* all = w ? b.plain_mul_mat(w, x) : nullptr;
  for (std::size_t i = 0; i < 3; ++i) {
    if (!all) {
      parts[i] = b.plain_mul_mat(b.require(il, names[i]), x);
      continue;
    }
    const std::int64_t width = all->ne[0] / 3;
    parts[i] = b.cont(b.view_2d(all, width, b.ub.n_tokens, all->nb[1],
                                i * static_cast<std::uint64_t>(width) * all->nb[0]));
  }
  return parts;
}

/// SiLU of the convolution of one of the three, whose states lie behind each other in a row.
///
/// Shape:    x [width, tokens], state [3 * (kernel - 1) * width, sequences];
///           result [head, heads, tokens per sequence, sequences]
inline tensor* kda_convolution(builder& b, recurrent_input& rs, int il, tensor* state,
                               std::size_t part, tensor* x, tensor* kernel, const kda_options& o) {
  const std::int64_t n_state = b.hp.ssm.d_conv - 1, width = x->ne[0], nt = b.ub.n_tokens,
                     nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs, head = b.hp.kda.n_embd_head;
  const auto at = [](std::int64_t n) { return static_cast<std::uint64_t>(n) * 4; };
  const std::int64_t row = 3 * n_state * width,
                     first = static_cast<std::int64_t>(part) * n_state * width;
  const auto third = [&](tensor* t, std::int64_t offset) {
    return b.view_3d(t, n_state, width, n_seqs, at(n_state), at(row), at(offset + first));
  };
  tensor* input = b.concat(third(state, 0), b.transpose(b.reshape(x, width, nst, n_seqs)), 0);

  const std::int64_t n_snapshot = b.cp.n_rs_seq + 1;
  for (std::int64_t slot = 0; slot < (o.all_snapshots ? n_snapshot : std::min(nst, n_snapshot));
       ++slot) {
    tensor* last = b.view_3d(input, n_state, width, n_seqs, input->nb[1], input->nb[2],
                             at(std::max<std::int64_t>(0, nst - slot)));
    b.expand(b.cpy(last, third(rs.all_r(il), slot * rs.n_cell() * row)));
  }
  tensor* y = b.ssm_conv(input, b.reshape(kernel, b.hp.ssm.d_conv, width));
  y = b.silu(b.reshape(y, width, nt));
  return b.reshape(y, head, b.part(width, head), nst, n_seqs);
}

/// Log decay of every channel.
///
/// Shape:    [head, heads, tokens per sequence, sequences]
inline tensor* kda_decay(builder& b, int il, tensor* x, std::int64_t n_head, const kda_options& o) {
  const std::int64_t head = b.hp.kda.n_embd_head, nt = b.ub.n_tokens;
  tensor* g = b.plain_mul_mat(b.require(il, "ssm_f_a"), x);
  if (tensor* up = b.weight(il, "ssm_f_b")) g = b.plain_mul_mat(up, g);
  g = b.add(g, b.require(il, "ssm_dt", ".bias"));
  if (!o.bounded_decay) g = b.softplus(g);
  g = b.reshape(g, head, n_head, nt);
  g = b.mul(g, b.reshape(b.require(il, "ssm_a", ""), 1, n_head));
  if (o.bounded_decay) g = b.scale(b.sigmoid(o.negated_a ? b.scale(g) : g));
  return b.reshape(g, head, n_head, b.ub.n_seq_tokens(), b.ub.n_seqs);
}

}  // namespace detail

/// A whole layer, with its output projection.
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp, src/models/kimi-linear.cpp: graph; kimi-k3.cpp: build_kda_layer
inline tensor* kimi_delta_attention(builder& b, recurrent_input& rs, int il, tensor* x,
                                    const kda_options& o = {}) {
  const std::int64_t head = b.hp.kda.n_embd_head, n_head = b.hp.n_head(), nt = b.ub.n_tokens,
                     nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs;
  constexpr std::array<tensor_name, 3> kernels{"ssm_conv1d_q", "ssm_conv1d_k", "ssm_conv1d_v"};
  tensor* conv_state = rs.load(rs.all_r(il));
  auto parts = detail::kda_projections(b, il, x);
  for (std::size_t i = 0; i < 3; ++i)
    parts[i] =
        detail::kda_convolution(b, rs, il, conv_state, i, parts[i], b.require(il, kernels[i]), o);
  const auto [q, k, v] = parts;

  tensor* decay = detail::kda_decay(b, il, x, n_head, o);
  tensor* beta = b.plain_mul_mat(b.require(il, "ssm_beta"), x);
  beta = b.sigmoid(b.reshape(beta, 1, n_head, nst, n_seqs));
  const auto unit = [&](tensor* t) { return b.scale(b.rms_norm(t)); };
  tensor* state = b.reshape(rs.load(rs.all_s(il)), head, head, n_head, n_seqs);
  tensor* out = b.cont(delta_rule(b, rs, il, unit(q), unit(k), v, decay, beta, state));

  if (o.gate_by_sequence) x = b.reshape(b.reshape(x, x->ne[0], nst, n_seqs), x->ne[0], nt);
  tensor* full = b.weight(il, "ssm_g");
  tensor* gate = b.plain_mul_mat(full ? full : b.require(il, "ssm_g_a"), x);
  if (tensor* up = b.weight(il, "ssm_g_b")) gate = b.plain_mul_mat(up, gate);
  gate = b.sigmoid(b.reshape(gate, head, n_head, nt));
  out = b.rms_norm_of(il, "ssm_norm", b.reshape(out, head, n_head, nt));
  return b.plain_mul_mat(b.require(il, "attn_output"), b.cont(b.mul(out, gate), head * n_head, nt));
}

}  // namespace vrambudget::arch
