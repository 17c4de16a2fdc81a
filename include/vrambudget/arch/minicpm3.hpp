// MiniCPM 3 and PLM: latent attention whose keys and values are decompressed before they are stored.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/mla.hpp"

namespace vrambudget::arch {

inline void build_minicpm3(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.embd_scale = embedding_scale::all},
      [&](int il, tensor* x) {
        return latent_attention(b, attention, il, x, pos, nullptr, {.factors = true});
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

/// V keeps no head dimension, so that it only fits into a transposed cache.
inline void build_plm(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        return latent_attention(b, attention, il, x, pos, nullptr, {.flat_v = true});
      },
      [&](int il, tensor* x) { return ffn(b, il, x, activation::relu_sqr); });
}

}  // namespace vrambudget::arch
