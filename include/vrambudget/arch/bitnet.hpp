// BitNet b1.58: further norms before the output and down projections; logits from the embeddings.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_bitnet(builder& b) {
  b.require_whole_heads(true);
  tensor* pos = b.positions();
  attention_input attention(b);
  build_decoder(
      b, {.logits = false},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        x = b.rms_norm_of(il, "attn_sub_norm", attention(il, y, {.project = false}));
        return b.linear(il, "attn_output", x);
      },
      [&](int il, tensor* x) {
        x = b.rms_norm_of(il, "ffn_sub_norm", ffn_hidden(b, il, x));
        return b.linear_without_bias(il, "ffn_down", x);
      });
  // the embeddings where they are: the engine makes no copy for the output
  b.logits = builder::named(b.mul_mat(b.require(-1, "token_embd"), b.embd), "result_output", -1);
  b.expand(b.logits);
}

}  // namespace vrambudget::arch
