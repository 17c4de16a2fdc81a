// OLMoE: q and k normed over all heads at once, experts whose weights need not sum to one.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_olmoe(builder& b) {
  b.require_whole_heads();
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {},
      [&](int il, tensor* x) {
        const auto l = static_cast<std::uint32_t>(il);
        qkv y = project_qkv(b, il, x, false);
        norm_heads(b, il, y);
        const auto heads = [&](tensor* t, std::int64_t n) {
          return b.reshape(t, t->ne[0] / n, n, b.ub.n_tokens);
        };
        y = {heads(y.q, b.hp.n_head(l)), heads(y.k, b.hp.n_head_kv(l)),
             heads(y.v, b.hp.n_head_kv(l))};
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return moe_ffn(b, il, x, {.norm_weights = false}); });
}

}  // namespace vrambudget::arch
