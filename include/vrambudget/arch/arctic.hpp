// Arctic and SmallThinker: experts that depend on the stream as it was before attention.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

/// A dense transformer, and beside each of its layers experts.
inline void build_arctic(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_stack(b, {}, [&](int il, tensor* stream, const last_rows& pick) {
    qkv y = project_qkv(b, il, b.rms_norm_of(il, "attn_norm", stream));
    rotate_positions(b, y, pos);
    tensor* attended = pick(attention(il, y));
    stream = pick(stream);
    tensor* sum = b.add(attended, stream);
    tensor* dense = b.add(ffn(b, il, b.rms_norm_of(il, "ffn_norm", sum)), sum);
    return b.add(moe_ffn(b, il, b.rms_norm_of(il, "ffn_norm_exps", stream)), dense);
  });
}

/// The router reads a layer's input, so that experts can be fetched during attention. Every fourth
/// layer has no positions, unless no layer has a window.
inline void build_smallthinker(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  const std::uint32_t step = b.hp.rope.n_no_rope_layer_step;
  build_stack(b, {}, [&](int il, tensor* stream, const last_rows& pick) {
    tensor* logits = b.linear_without_bias(il, "ffn_gate_inp", stream);
    qkv y = project_qkv(b, il, b.rms_norm_of(il, "attn_norm", stream));
    if (step == b.hp.n_layer() || static_cast<std::uint32_t>(il) % step != 0)
      rotate_positions(b, y, pos);
    tensor* attended = pick(attention(il, y));
    stream = b.add(attended, pick(stream));
    tensor* experts = moe_ffn(b, il, b.rms_norm_of(il, "ffn_norm", stream),
                              {.gating = static_cast<gating>(b.hp.moe.gating_func),
                               .act = activation::relu,
                               .logits = pick(logits)});
    return b.add(experts, stream);
  });
}

}  // namespace vrambudget::arch
