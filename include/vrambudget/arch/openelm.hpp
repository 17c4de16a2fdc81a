// OpenELM: heads and feed-forward widths by layer, one projection seen as a row of heads.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_openelm(builder& b) {
  b.require_whole_heads(true);
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.attn_residual_first = true},
      [&](int il, tensor* x) {
        const auto l = static_cast<std::uint32_t>(il);
        const std::int64_t head = b.hp.n_embd_head_k(l), n_head = b.hp.n_head(l),
                           n_kv = b.hp.n_head_kv(l);
        tensor* all = b.mul_mat(b.require(il, "attn_qkv"), x);
        all = b.reshape(all, head, n_head + 2 * n_kv, b.ub.n_tokens);
        const auto heads = [&](std::int64_t n, std::int64_t first) {
          return b.view_3d(all, head, n, b.ub.n_tokens, all->nb[1], all->nb[2],
                           static_cast<std::uint64_t>(first) * all->nb[1]);
        };
        qkv y{heads(n_head, 0), heads(n_kv, n_head), heads(n_kv, n_head + n_kv)};
        norm_heads(b, il, y);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

}  // namespace vrambudget::arch
