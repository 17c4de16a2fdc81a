// MiniMax-M3: heads normed one by one, dense layers first, then experts, and in those layers attention
// to the best blocks of positions if the run allows it.
#pragma once

#include <optional>

#include "vrambudget/arch/blocks/block_sparse_attention.hpp"
#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_minimax_m3(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  // blocks of positions need the layout of flash attention, and sequences apart
  std::optional<block_sparse_attention> sparse;
  if (b.cp.flash_attn && (b.cp.n_seq_max == 1 || !b.cp.kv_unified))
    sparse.emplace(b, attention.of(0));
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        if (!sparse || static_cast<std::uint32_t>(il) < b.hp.moe.n_layer_dense_lead)
          return attention(il, y);
        return b.linear_without_bias(il, "attn_output", (*sparse)(il, x, y, pos));
      },
      [&](int il, tensor* x) {
        return experts_after_dense(b, il, x, {.act = activation::swiglu_oai});
      });
}

}  // namespace vrambudget::arch
