// Chameleon and CogVLM, as they run on text.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
/// The logits of image tokens are overwritten, so that text follows.
inline constexpr std::int64_t chameleon_image_tokens = 8192;
}  // namespace detail

/// Norms go before the branches, or after them (as in Swin).
inline void build_chameleon(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  const auto attend = [&](int il, tensor* x) {
    qkv y = project_qkv(b, il, x);
    if (b.has(il, "attn_q_norm")) y.q = b.layer_norm_of(il, "attn_q_norm", y.q);
    if (b.has(il, "attn_k_norm")) y.k = b.layer_norm_of(il, "attn_k_norm", y.k);
    rotate_positions(b, y, pos);
    return attention(il, y);
  };
  const auto feed_forward = [&](int il, tensor* x) { return ffn(b, il, x); };
  if (b.hp.swin_norm)
    build_post_norm_decoder(b, {},
                            {.attention = "attn_norm",
                             .feed_forward = "ffn_norm",
                             .pinned = true,
                             .feeds_branch = true},
                            attend, feed_forward);
  else
    build_decoder(b, {}, attend, feed_forward);

  tensor* images = b.get_graph().make(ggml_type::f32, detail::chameleon_image_tokens);
  b.logits = b.set(b.logits, b.clamp(images));
  b.expand(b.logits);
}

/// All rows of the batch get logits.
inline void build_cogvlm(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.rows = row_selection::none},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

}  // namespace vrambudget::arch
