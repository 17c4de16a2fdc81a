// GroveMoE: experts in groups, and a small expert for each group that further works on their sum.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_grovemoe(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        moe_options o{.logits = b.linear_without_bias(il, "ffn_gate_inp", x),
                      .select_by_sigmoid = true};
        tensor* y = moe_ffn(b, il, x, o);
        o.names = chunk_experts;
        o.per_group = b.hp.moe.n_group_experts;
        return b.add(y, b.scale(moe_ffn(b, il, y, o)));
      });
}

}  // namespace vrambudget::arch
