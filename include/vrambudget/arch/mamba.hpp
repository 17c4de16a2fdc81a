// Mamba and Mamba-2: nothing but scans over recurrent states.
#pragma once

#include "vrambudget/arch/blocks/mamba.hpp"

namespace vrambudget::arch {

/// `layer`: one of the blocks `mamba` and `mamba2`.
template <tensor* (*layer)(builder&, recurrent_input&, int, tensor*)>
void build_mamba(builder& b) {
  recurrent_input rs(b);
  tensor* stream = b.token_embeddings();
  tensor* out_ids = b.output_ids();
  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    tensor* y = layer(b, rs, il, b.rms_norm_of(il, "attn_norm", stream));
    if (il == n_layer - 1) {
      y = b.get_rows(y, out_ids);
      stream = b.get_rows(stream, out_ids);
    }
    stream = b.add(y, stream);
  }
  b.embd = b.rms_norm_of(-1, "output_norm", stream);
  b.finish_logits();
}

}  // namespace vrambudget::arch
