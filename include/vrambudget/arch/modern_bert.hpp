// Encoders with a norm before each branch: ModernBERT and NeoBERT. EuroBERT is in qwen.hpp.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {
/// Gate and up are the two halves of one matrix.
inline void build_fused_encoder(builder& b, decoder d) {
  d.logits = false;
  tensor* pos = b.positions();
  uncached_attention attention(b);
  build_decoder(
      b, d,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::gated_halves); });
}
}  // namespace detail

/// Windows in two layers of three.
inline void build_modern_bert(builder& b) {
  detail::build_fused_encoder(b, {.norm = norm_kind::layer, .embd_norm = true, .bare_first = true});
}

inline void build_neo_bert(builder& b) {
  detail::build_fused_encoder(b, {.output_norm = "enc.output_norm"});
}

}  // namespace vrambudget::arch
