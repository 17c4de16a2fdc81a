// dots3note: indexed latent attention, between it latent attention with a window and sizes of its own,
// both behind a gate per head.
#pragma once

#include "vrambudget/arch/deepseek32.hpp"

namespace vrambudget::arch {

namespace detail {

inline tensor* windowed_latent_attention(builder& b, cache_input& window, int il, tensor* x,
                                         tensor* pos, const latent_shape& s) {
  tensor* low = b.rms_norm_of(il, "attn_q_a_norm", b.plain_mul_mat(b.require(il, "attn_q_a"), x));
  tensor* q = b.plain_mul_mat(b.require(il, "attn_q_b"), low);
  return attend_to_keys(b, window, il, absorbed_latent(b, il, x, q, {pos}, s), window.mask,
                        {.v_decompress = b.require(il, "attn_v_b")});
}

}  // namespace detail

inline void build_dots3note(builder& b) {
  b.adapts_output = false;
  tensor* pos = b.positions();
  sparse_attention sparse(b);
  cache_input window(b, cache_of(b, cache_kind::swa));
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        const bool swa = b.hp.is_swa(static_cast<std::uint32_t>(il));
        latent_shape s(b.hp, il);
        s.rope = b.hp.n_rot();
        if (swa) {
          s.rank = b.hp.mla.n_lora_kv_swa;
          s.head_k = b.hp.mla.n_embd_head_k_swa;
          s.head_v = b.hp.mla.n_embd_head_v_swa;
        }
        tensor* cells = nullptr;
        tensor* y = swa ? detail::windowed_latent_attention(b, window, il, x, pos, s)
                        : detail::indexed_latent_attention(b, sparse, il, x, pos, cells, true);
        tensor* gate = b.sigmoid(b.linear_without_bias(il, "attn_gate", x));
        y = b.mul(b.reshape(y, s.head_v, s.n_head, b.ub.n_tokens),
                  b.reshape(gate, 1, s.n_head, b.ub.n_tokens));
        return b.linear(il, "attn_output", b.reshape(y, s.head_v * s.n_head, b.ub.n_tokens));
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
