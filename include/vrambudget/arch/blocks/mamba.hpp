// Mamba layers: input projection, short convolution, selective scan over a state. Their state space
// runs over channels (Mamba) or heads (Mamba-2).
#pragma once

#include "vrambudget/arch/blocks/recurrent.hpp"

namespace vrambudget::arch {

namespace detail {

/// SiLU of a causal convolution over the tokens, whose state is stored. `conv`: the state.
///
/// Shape:    x, result [channels, tokens per sequence, sequences]
inline tensor* causal_convolution(builder& b, recurrent_input& rs, int il, tensor* conv,
                                  tensor* x) {
  tensor* input = b.concat(conv, b.transpose(x), 0);
  tensor* last = b.view_3d(input, conv->ne[0], conv->ne[1], conv->ne[2], input->nb[1], input->nb[2],
                           static_cast<std::uint64_t>(x->ne[1]) * input->nb[0]);
  rs.store_flat(rs.all_r(il), last);
  x = b.ssm_conv(input, b.require(il, "ssm_conv1d"));
  if (tensor* bias = b.weight(il, "ssm_conv1d", ".bias")) x = b.add(x, bias);
  return b.silu(x);
}

/// The scan; its last states are stored.
///
/// Shape:    x [head, heads, tokens per sequence, sequences]; result the same, flat, then the states
inline tensor* selective_scan(builder& b, recurrent_input& rs, int il, tensor* x, tensor* dt,
                              tensor* decay, tensor* keys, tensor* queries) {
  const std::int64_t d_state = b.hp.ssm.d_state, n_seqs = x->ne[3];
  tensor* all = rs.all_s(il);
  tensor* y = rs.load(all, [&](tensor* states, tensor* ids) {
    tensor* s = b.reshape(states, d_state, x->ne[0], x->ne[1], states->ne[1]);
    return b.ssm_scan(s, x, dt, decay, keys, queries, ids, 1);
  });
  rs.store_flat(all, b.view_1d(y, d_state * x->ne[0] * x->ne[1] * n_seqs,
                               static_cast<std::uint64_t>(n_elements(*x)) * 4));
  return y;
}

}  // namespace detail

/// One Mamba layer. Keys, queries and time steps are normed in some models (FalconMamba, Jamba).
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp, src/models/mamba-base.cpp: build_mamba_layer
inline tensor* mamba(builder& b, recurrent_input& rs, int il, tensor* x) {
  const hparams& hp = b.hp;
  const std::int64_t d_inner = hp.ssm.d_inner, d_state = hp.ssm.d_state, rank = hp.ssm.dt_rank;
  const std::int64_t nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs;

  tensor* conv = b.reshape(rs.load(rs.all_r(il)), hp.ssm.d_conv - 1, d_inner, n_seqs);
  x = b.linear_without_bias(il, "ssm_in", b.reshape(x, x->ne[0], nst, n_seqs));
  const auto columns = [&](tensor* t, std::int64_t n, std::int64_t first) {
    return b.view_3d(t, n, nst, n_seqs, t->nb[1], t->nb[2],
                     static_cast<std::uint64_t>(first) * t->nb[0]);
  };
  tensor* z = columns(x, d_inner, d_inner);
  x = detail::causal_convolution(b, rs, il, conv, columns(x, d_inner, 0));

  tensor* both = b.mul_mat(b.require(il, "ssm_x"), x);
  tensor* dt = columns(both, rank, 0);
  const auto states = [&](std::int64_t first) {
    return b.view_4d(both, {d_state, 1, nst, n_seqs},
                     static_cast<std::uint64_t>(d_state) * both->nb[0], both->nb[1], both->nb[2],
                     static_cast<std::uint64_t>(first) * both->nb[0]);
  };
  tensor *keys = states(rank), *queries = states(rank + d_state);
  if (hp.ssm.dt_b_c_rms || (b.has(il, "ssm_dt_norm") && b.has(il, "ssm_b_norm"))) {
    dt = b.rms_norm_of(il, "ssm_dt_norm", dt);
    keys = b.rms_norm_of(il, "ssm_b_norm", keys);
    queries = b.rms_norm_of(il, "ssm_c_norm", queries);
  } else {
    dt = b.cont(dt);
  }
  dt = b.add(b.mul_mat(b.require(il, "ssm_dt"), dt), b.require(il, "ssm_dt", ".bias"));

  tensor* heads = b.reshape(x, 1, d_inner, nst, n_seqs);
  tensor* y =
      detail::selective_scan(b, rs, il, heads, dt, b.require(il, "ssm_a", ""), keys, queries);
  y = b.view_3d(y, d_inner, nst, n_seqs, heads->nb[2], heads->nb[3], 0);
  y = b.add(y, b.mul(x, b.require(il, "ssm_d", "")));
  y = b.linear_without_bias(il, "ssm_out", b.glu(b.cont(z), y));
  return b.reshape(y, y->ne[0], nst * n_seqs);
}

namespace detail {

/// The scan of Mamba-2 over the cached states, and the states after the last tokens back to the cache.
///
/// Shape:    values [head, heads, tokens per sequence, sequences]; the result's first rows are as these
inline tensor* scan_heads(builder& b, recurrent_input& rs, int il, tensor* values, tensor* dt,
                          tensor* keys, tensor* queries) {
  const std::int64_t d_state = b.hp.ssm.d_state, size = d_state * b.hp.ssm.d_inner;
  const std::int64_t n_seqs = values->ne[3], n_snapshot = b.cp.n_rs_seq + 1,
                     written = std::min(values->ne[2], n_snapshot);
  const auto at = [](std::int64_t n) { return static_cast<std::uint64_t>(n) * 4; };
  tensor* decay = b.require(il, "ssm_a", "");
  tensor* all_s = rs.all_s(il);
  tensor* y = rs.load(all_s, [&](tensor* states, tensor* ids) {
    tensor* s = b.reshape(states, d_state, values->ne[0], values->ne[1], states->ne[1]);
    return b.ssm_scan(s, values, dt, decay, keys, queries, ids, n_snapshot);
  });
  b.expand(b.cpy(
      b.view_3d(y, size, n_seqs, written, at(size), at(size * n_seqs), at(n_elements(*values))),
      b.view_3d(all_s, size, n_seqs, written, all_s->nb[1],
                static_cast<std::uint64_t>(rs.n_cell()) * all_s->nb[1], 0)));
  return y;
}

}  // namespace detail

/// One Mamba-2 layer.
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp, src/models/mamba-base.cpp: build_mamba2_layer
inline tensor* mamba2(builder& b, recurrent_input& rs, int il, tensor* x) {
  const hparams& hp = b.hp;
  const std::int64_t d_conv = hp.ssm.d_conv, d_inner = hp.ssm.d_inner, d_state = hp.ssm.d_state;
  const std::int64_t n_head = hp.ssm.dt_rank, n_group = hp.ssm.n_group,
                     head = n_head ? d_inner / n_head : 0;
  const std::int64_t nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs,
                     channels = d_inner + 2 * n_group * d_state;
  const std::int64_t written = std::min<std::int64_t>(nst, b.cp.n_rs_seq + 1);
  const auto at = [](std::int64_t n) {
    return static_cast<std::uint64_t>(n) * 4;
  };  // offset in f32 elements

  tensor* all_r = rs.all_r(il);
  tensor* conv = b.reshape(rs.load(all_r), d_conv - 1, channels, n_seqs);
  tensor* in = b.linear_without_bias(il, "ssm_in", x);
  in = b.reshape(in, in->ne[0], nst, n_seqs);
  tensor* z = b.view_4d(in, {head, n_head, nst, n_seqs}, at(head), in->nb[1], in->nb[2], 0);
  tensor* xbc = b.view_3d(in, channels, nst, n_seqs, in->nb[1], in->nb[2], at(d_inner));
  tensor* dt = b.view_3d(in, n_head, nst, n_seqs, in->nb[1], in->nb[2], at(d_inner + channels));

  tensor* conv_x = b.concat(conv, b.transpose(xbc), 0);
  for (std::int64_t slot = 0; slot < written; ++slot) {
    tensor* last = b.view_3d(conv_x, d_conv - 1, channels, n_seqs, conv_x->nb[1], conv_x->nb[2],
                             at(nst - slot));
    rs.store(all_r, last, slot);
  }
  xbc = b.ssm_conv(conv_x, b.require(il, "ssm_conv1d"));
  xbc = b.silu(b.add(xbc, b.require(il, "ssm_conv1d", ".bias")));

  const auto part = [&](std::int64_t size, std::int64_t n, std::int64_t first) {
    return b.view_4d(xbc, {size, n, nst, n_seqs}, at(size), xbc->nb[1], xbc->nb[2], at(first));
  };
  tensor* values = part(head, n_head, 0);
  tensor* keys = part(d_state, n_group, d_inner);
  tensor* queries = part(d_state, n_group, d_inner + n_group * d_state);
  dt = b.add(b.cont(dt), b.require(il, "ssm_dt", ".bias"));
  tensor* y = detail::scan_heads(b, rs, il, values, dt, keys, queries);
  tensor* out = b.view_4d(y, {head, n_head, nst, n_seqs}, at(head), at(head * n_head),
                          at(head * n_head * nst), 0);
  out = b.add(out, b.mul(values, b.require(il, "ssm_d", "")));
  out = b.glu(b.cont(z), out);
  if (b.has(il, "ssm_norm"))
    out = b.rms_norm_of(il, "ssm_norm", b.reshape(out, b.part(d_inner, n_group), n_group, nst, n_seqs));
  return b.linear_without_bias(il, "ssm_out", b.reshape(out, d_inner, nst * n_seqs));
}

}  // namespace vrambudget::arch
