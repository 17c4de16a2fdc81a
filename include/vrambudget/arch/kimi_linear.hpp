// Kimi Linear, Kimi K3, Ling 3: Kimi delta attention with some latent attention, experts with a shared
// one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/kda.hpp"
#include "vrambudget/arch/blocks/mla.hpp"
#include "vrambudget/arch/blocks/moe.hpp"

namespace vrambudget::arch {

/// Latent attention knows no positions.
inline void build_kimi_linear(builder& b) {
  b.adapts_output = false;
  recurrent_input rs(b);
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        b.expand(x);
        if (b.hp.is_recr(static_cast<std::uint32_t>(il))) return kimi_delta_attention(b, rs, il, x);
        return latent_attention(b, attention, il, x, nullptr, nullptr,
                                {.flat_q = true, .rotary_first = true});
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

namespace detail {
/// Latent attention whose output is gated, per head.
inline tensor* gated_latent_attention(builder& b, attention_input& attention, int il, tensor* x,
                                      tensor* pos) {
  const std::int64_t n_head = b.hp.n_head(), nt = b.ub.n_tokens;
  tensor* y =
      latent_attention(b, attention, il, x, pos, nullptr, {.flat_q = true, .project = false});
  tensor* gate = b.plain_mul_mat(b.require(il, "attn_gate"), x);
  gate = b.sigmoid(b.reshape(gate, 1, n_head, nt));
  y = b.mul(b.reshape(y, b.part(y->ne[0], n_head), n_head, nt), gate);
  return b.plain_mul_mat(b.require(il, "attn_output"), b.cont(y, y->ne[0] * n_head, nt));
}
}  // namespace detail

inline void build_bailingmoe3(builder& b) {
  b.adapts_output = false;
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  build_decoder(
      b, {.rows = row_selection::after_norm},
      [&](int il, tensor* x) {
        if (b.hp.is_recr(static_cast<std::uint32_t>(il)))
          return kimi_delta_attention(
              b, rs, il, x, {.bounded_decay = true, .negated_a = false, .gate_by_sequence = false});
        return detail::gated_latent_attention(b, attention, il, x, pos);
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
