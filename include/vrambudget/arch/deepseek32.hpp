// DeepSeek V3.2 and GLM-5: latent attention to the cells that an index chooses.
#pragma once

#include "vrambudget/arch/blocks/mla.hpp"
#include "vrambudget/arch/blocks/sparse_attention.hpp"
#include "vrambudget/arch/glm4moe.hpp"

namespace vrambudget::arch {

namespace detail {

/// Without the output projection. `cells`: what the last layer with an index of its own chose; a layer without one uses them again.
inline tensor* indexed_latent_attention(builder& b, sparse_attention& attention, int il, tensor* x,
                                        tensor* pos, tensor*& cells, bool always_indexed) {
  const latent_shape s(b.hp, il);
  tensor* low = b.rms_norm_of(il, "attn_q_a_norm", b.plain_mul_mat(b.require(il, "attn_q_a"), x));
  if (always_indexed || b.hp.is_indexer_full(static_cast<std::uint32_t>(il)))
    cells = attention.choose_cells(il, x, low, pos);
  tensor* q = b.plain_mul_mat(b.require(il, "attn_q_b"), low);
  return attention(
      il, absorbed_latent(b, il, x, q, {pos}, s), cells,
      {.sinks = b.weight(il, "attn_sinks"), .v_decompress = b.require(il, "attn_v_b")});
}

}  // namespace detail

inline void build_sparse_latent(builder& b) {
  b.adapts_output = false;
  tensor* pos = b.positions();
  sparse_attention attention(b);
  tensor* cells = nullptr;
  build_decoder(
      b, {.keeps_hidden = true},
      [&](int il, tensor* x) {
        return b.linear(il, "attn_output",
                        detail::indexed_latent_attention(b, attention, il, x, pos, cells, false));
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
