// LFM2: short gated convolutions with some attention, dense or experts.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/recurrent.hpp"
#include "vrambudget/arch/llama.hpp"

namespace vrambudget::arch {

namespace detail {

/// c * conv(b * x) of a projection [b, c, x]. Without causality the window is centred instead.
///
/// Shape:    x, result [n_embd, tokens]
/// Source:   llama.cpp, src/models/lfm2.cpp: build_shortconv_block
inline tensor* short_convolution(builder& b, recurrent_input& rs, int il, tensor* x) {
  const std::int64_t nst = b.ub.n_seq_tokens(), n_seqs = b.ub.n_seqs, n_embd = b.hp.n_embd,
                     n_state = b.hp.n_shortconv_l_cache - 1;
  const bool causal = b.cp.causal_attn;
  x = b.linear_without_bias(il, "shortconv.in_proj", b.reshape(x, n_embd, nst, n_seqs));
  const auto third = [&](std::int64_t i) {
    const std::int64_t n = x->ne[0] / 3;
    return b.view_3d(x, n, nst, n_seqs, x->nb[1], x->nb[2],
                     static_cast<std::uint64_t>(i * n) * x->nb[0]);
  };
  tensor *gate_in = third(0), *gate_out = third(1);
  tensor* input = b.transpose(b.mul(gate_in, third(2)));

  tensor* all = rs.all_r(il);
  tensor* state = b.reshape(rs.load(all), n_state, n_embd, n_seqs);
  const auto from = [](const tensor* t, std::int64_t column) {
    return static_cast<std::uint64_t>(column) * t->nb[0];
  };
  if (causal) {
    input = b.concat(state, input, 0);
  } else {
    const std::int64_t side = n_state / 2;
    tensor* left = b.cont(b.view_3d(state, side, n_embd, n_seqs, state->nb[1], state->nb[2],
                                    from(state, n_state - side)));
    input = b.pad(b.concat(left, input, 0), side);
  }

  const std::int64_t n_snapshot = causal ? b.cp.n_rs_seq + 1 : 1;
  for (std::int64_t slot = 0; slot < std::min(nst, n_snapshot); ++slot) {
    tensor* last = b.view_3d(input, n_state, n_embd, n_seqs, input->nb[1], input->nb[2],
                             from(input, input->ne[0] - n_state - slot));
    rs.store(all, last, slot);
  }
  tensor* y = b.mul(gate_out, b.ssm_conv(input, b.require(il, "shortconv.conv")));
  y = b.linear_without_bias(il, "shortconv.out_proj", y);
  return b.reshape(y, y->ne[0], nst * n_seqs);
}

}  // namespace detail

inline void build_lfm2(builder& b) {
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  build_decoder(
      b,
      {.residual_first = true,
       .attn_residual_first = true,
       .output_norm = "token_embd_norm",
       .logits = !b.cp.embeddings},
      [&](int il, tensor* x) {
        if (b.hp.is_recr(static_cast<std::uint32_t>(il)))
          return detail::short_convolution(b, rs, il, x);
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        return dense_or_experts(b, il, x, {.gating = static_cast<gating>(b.hp.moe.gating_func)});
      });
}

}  // namespace vrambudget::arch
