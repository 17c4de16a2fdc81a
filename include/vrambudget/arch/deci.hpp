// Nemotron derivatives of Llama made by architecture search (GGUF "deci"): layers may lack attention,
// have a linear map in its place, or lack feed-forward.
#pragma once

#include "vrambudget/arch/blocks/decoder.hpp"
#include "vrambudget/arch/blocks/ffn.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

inline void build_deci(builder& b) {
  b.require_whole_heads();
  tensor* pos = b.positions();
  attention_input attention(b);
  const auto mix = [&](int il, tensor* x) {
    if (b.hp.n_head_kv(static_cast<std::uint32_t>(il)) == 0)
      return b.mul_mat(b.require(il, "attn_output"), x);
    qkv y = project_qkv(b, il, x);
    rotate_positions(b, y, pos, b.rope_factors(il));
    return attention(il, y);
  };
  build_stack(b, {}, [&](int il, tensor* stream, const last_rows& pick) {
    const auto l = static_cast<std::uint32_t>(il);
    const bool attends = b.hp.n_head(l) > 0;
    tensor* y = attends ? mix(il, b.rms_norm_of(il, "attn_norm", stream)) : stream;
    if (b.hp.n_ff(l) == 0) return stream;  // such a layer leaves the stream as it was
    y = pick(y);
    if (attends) y = b.add(y, pick(stream));
    return b.add(ffn(b, il, b.rms_norm_of(il, "ffn_norm", y)), y);
  });
}

}  // namespace vrambudget::arch
