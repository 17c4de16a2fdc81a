// Granite 4 hybrid: Mamba-2 layers with some attention, scaled residuals, experts with a shared one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/mamba.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_granitehybrid(builder& b) {
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* pos = b.positions();
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        const auto l = static_cast<std::uint32_t>(il);
        if (b.hp.is_recr(l)) return mamba2(b, rs, il, x);
        qkv y = project_qkv(b, il, x);
        if (b.hp.has_rope(l)) rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x);
        tensor* routed = moe_ffn(b, il, x, {.weights_scale = b.hp.expert_weights_scale});
        return b.hp.n_ff_shexp > 0 ? b.add(routed, ffn(b, il, x, activation::silu, shared_expert))
                                   : routed;
      });
}

}  // namespace vrambudget::arch
