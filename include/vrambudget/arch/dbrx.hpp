// DBRX and Grok: experts in every layer, with a norm of the attention's result.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_dbrx(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.norm = norm_kind::layer, .ffn_norm = "attn_output_norm"},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return moe_ffn(b, il, x); });
}

namespace detail {
/// Experts; Grok 2 takes their mean with a dense layer.
inline tensor* grok_ffn(builder& b, int il, tensor* x) {
  tensor* y = moe_ffn(b, il, x, {.act = activation::gelu});
  if (b.has(il, "ffn_up")) y = b.scale(b.add(ffn(b, il, x, activation::gelu), y));
  constexpr tensor_name last = "layer_output_norm", usual = "post_ffw_norm";
  return b.rms_norm_of(il, b.has(il, last) ? last : usual, y);
}
}  // namespace detail

inline void build_grok(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_stack(b, {.softcap_logits = b.hp.scale.f_final_logit_softcapping != 0.0f},
              [&](int il, tensor* stream, const last_rows& pick) {
                qkv y = project_qkv(b, il, b.rms_norm_of(il, "attn_norm", stream));
                rotate_positions(b, y, pos);
                tensor* attended = pick(attention(il, y));
                stream = pick(stream);
                stream = b.add(b.rms_norm_of(il, "attn_output_norm", attended), stream);
                return b.add(detail::grok_ffn(b, il, b.rms_norm_of(il, "ffn_norm", stream)),
                             stream);
              });
}

}  // namespace vrambudget::arch
