// MiniMax-M2: q and k are normed over all heads at once, and every layer has experts.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_minimax_m2(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        const auto l = static_cast<std::uint32_t>(il);
        const auto by_head = [&](tensor* t, std::int64_t heads) {
          return b.reshape(t, t->ne[0] / heads, heads, b.ub.n_tokens);
        };
        qkv y = project_qkv(b, il, x, false);
        norm_heads(b, il, y);
        y = {by_head(y.q, b.hp.n_head(l)), by_head(y.k, b.hp.n_head_kv(l)),
             by_head(y.v, b.hp.n_head_kv(l))};
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

}  // namespace vrambudget::arch
