// PLaMo 2: Mamba layers over heads in turn with attention, norms before and after each branch.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/mamba.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Mamba with one decay per head, keys and queries for all of them. The input projection gives z and x
/// of one head after the other.
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp, src/models/plamo2.cpp: build_plamo2_mamba_layer
inline tensor* mamba_over_heads(builder& b, recurrent_input& rs, int il, tensor* x) {
  const hparams& hp = b.hp;
  const std::int64_t d_inner = hp.ssm.d_inner, d_state = hp.ssm.d_state, n_head = hp.ssm.dt_rank,
                     head = n_head ? d_inner / n_head : 0;
  const std::int64_t nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs;

  tensor* conv = b.reshape(rs.load(rs.all_r(il)), hp.ssm.d_conv - 1, d_inner, n_seqs);
  tensor* zx = b.linear_without_bias(il, "ssm_in", b.reshape(x, x->ne[0], nst, n_seqs));
  zx = b.cont(b.permute(zx, {0, 2, 1, 3}), 2 * head, n_head, nst, n_seqs);
  const auto half = [&](std::int64_t first) {
    return b.view_4d(zx, {head, n_head, nst, n_seqs}, zx->nb[1], zx->nb[2], zx->nb[3],
                     static_cast<std::uint64_t>(first) * zx->nb[0]);
  };
  tensor* z = half(0);
  x = causal_convolution(b, rs, il, conv, b.cont(half(head), d_inner, nst, n_seqs));

  tensor *both = b.mul_mat(b.require(il, "ssm_x"), x), *project_dt = b.require(il, "ssm_dt");
  const auto columns = [&](std::int64_t n, std::int64_t first) {
    return b.view_3d(both, n, nst, n_seqs, both->nb[1], both->nb[2],
                     static_cast<std::uint64_t>(first) * both->nb[0]);
  };
  tensor* keys = b.rms_norm_of(il, "ssm_b_norm", columns(d_state, 0));
  tensor* queries = b.rms_norm_of(il, "ssm_c_norm", columns(d_state, d_state));
  tensor* dt = b.rms_norm_of(il, "ssm_dt_norm", columns(project_dt->ne[0], 2 * d_state));
  dt = b.add(b.mul_mat(project_dt, dt), b.require(il, "ssm_dt", ".bias"));

  const auto at = [](std::int64_t n) { return static_cast<std::uint64_t>(n) * 4; };
  const auto heads = [&](tensor* t) {
    return b.view_4d(t, {head, n_head, nst, n_seqs}, at(head), at(d_inner), at(d_inner * nst), 0);
  };
  const auto one_group = [&](tensor* t) {
    return b.view_4d(t, {d_state, 1, nst, n_seqs}, at(d_state), t->nb[1], t->nb[2], 0);
  };
  x = heads(x);
  tensor* y = selective_scan(b, rs, il, x, dt, b.reshape(b.require(il, "ssm_a", ""), 1, n_head),
                             one_group(keys), one_group(queries));
  y = b.add(heads(y), b.mul(x, b.reshape(b.require(il, "ssm_d", ""), 1, n_head)));
  y = b.glu(b.cont(z), y);
  y = b.view_3d(y, d_inner, nst, n_seqs, y->nb[2], y->nb[3], 0);
  y = b.linear_without_bias(il, "ssm_out", y);
  return b.reshape(y, y->ne[0], nst * n_seqs);
}

}  // namespace detail

inline void build_plamo2(builder& b) {
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  build_decoder(
      b, {.post_norms = true, .pins_post_norm = true},
      [&](int il, tensor* x) {
        if (b.hp.is_recr(static_cast<std::uint32_t>(il)))
          return detail::mamba_over_heads(b, rs, il, x);
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::gated_halves); });
}

}  // namespace vrambudget::arch
