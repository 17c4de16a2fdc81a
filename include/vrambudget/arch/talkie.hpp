// Talkie: norms without weights, q and k normed after RoPE, and the embeddings added again after every
// layer.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_talkie(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  tensor* embeddings = nullptr;
  build_stack(b, {.embd_norm = true}, [&](int il, tensor* stream, const last_rows& pick) {
    if (il == 0) embeddings = stream;
    qkv y = project_qkv(b, il, b.rms_norm(stream));
    rotate_positions(b, y, pos);
    y.q = b.rms_norm_of(il, "attn_q_norm", y.q);
    y.k = b.rms_norm(y.k);
    stream = b.add(pick(attention(il, y)), pick(stream));
    stream = b.add(ffn(b, il, b.rms_norm(stream)), stream);
    return b.add(stream, b.mul(pick(embeddings), b.require(il, "layer_output_scale")));
  });
}

}  // namespace vrambudget::arch
