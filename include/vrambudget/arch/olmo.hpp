// OLMo 1 to 3: the first norms without weights, the later norm what branches give, and q and k over all
// heads at once. EXAONE 4 norms them per head.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_olmo(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.norm = norm_kind::layer},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

inline void build_olmo2(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_post_norm_decoder(
      b, {}, {},
      [&](int il, tensor* x) {
        const auto l = static_cast<std::uint32_t>(il);
        const auto heads = [&](tensor* t, std::uint32_t n) {
          return b.reshape(t, b.hp.n_embd_head_k(l), n, b.ub.n_tokens);
        };
        qkv y = project_qkv(b, il, x, false);
        norm_heads(b, il, y);
        y = {heads(y.q, b.hp.n_head(l)), heads(y.k, b.hp.n_head_kv(l)),
             heads(y.v, b.hp.n_head_kv(l))};
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

inline void build_exaone4(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_post_norm_decoder(
      b, {}, {},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        if (b.hp.has_rope(static_cast<std::uint32_t>(il)))
          rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

}  // namespace vrambudget::arch
