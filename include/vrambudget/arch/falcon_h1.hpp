// Falcon-H1: attention and Mamba-2 beside each other in every layer.
#pragma once

#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/mamba.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// Source: llama.cpp, src/models/falcon-h1.cpp: graph
inline void build_falcon_h1(builder& b) {
  tensor* stream = b.token_embeddings();
  tensor* pos = b.positions();
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* out_ids = b.output_ids();

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    qkv x = project_qkv(b, il, b.rms_norm_of(il, "attn_norm", stream));
    rotate_positions(b, x, pos);
    tensor* attended = attention(il, x, {.bias = false});
    tensor* scanned = mamba2(b, rs, il, b.rms_norm_of(il, "attn_norm", stream));
    stream = b.add(b.add(attended, scanned), stream);
    if (il == n_layer - 1) stream = b.get_rows(stream, out_ids);
    stream = b.add(ffn(b, il, b.rms_norm_of(il, "ffn_norm", stream)), stream);
  }
  b.embd = b.rms_norm_of(-1, "output_norm", stream);
  b.finish_logits();
}

}  // namespace vrambudget::arch
