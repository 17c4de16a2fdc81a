// Attention and feed-forward side by side: GPT-NeoX, Falcon, Phi-2.
#pragma once

#include "vrambudget/arch/gpt2.hpp"

namespace vrambudget::arch {

namespace detail {
/// `scales_q`: Q is scaled outside of attention.
inline void build_parallel_gpt(builder& b, parallel_sum sum, bool scales_q = false) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_parallel_decoder(
      b, {.norm = norm_kind::layer}, sum,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        if (scales_q) y.q = b.scale(y.q);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::gelu); });
}
}  // namespace detail

/// One layer after the other if the file says so.
inline void build_gptneox(builder& b) {
  if (b.hp.use_par_res)
    detail::build_parallel_gpt(b, parallel_sum::ffn_stream_attention);
  else
    detail::build_rotated_gpt(b, activation::gelu);
}
inline void build_falcon(builder& b) {
  detail::build_parallel_gpt(b, parallel_sum::ffn_attention_stream);
}
inline void build_phi2(builder& b) {
  detail::build_parallel_gpt(b, parallel_sum::attention_ffn_stream, true);
}

}  // namespace vrambudget::arch
