// PLaMo: attention and feed-forward side by side, both from one norm.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_plamo(builder& b) {
  b.require_whole_heads();
  tensor* pos = b.positions();
  attention_input attention(b);
  build_parallel_decoder(
      b, {}, parallel_sum::ffn_attention_stream,
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        return attention(il, y);
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

}  // namespace vrambudget::arch
