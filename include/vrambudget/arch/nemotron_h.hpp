// Nemotron-H: each layer is one of Mamba-2, attention without positions, dense, or experts.
#pragma once

#include "vrambudget/arch/blocks/mamba.hpp"
#include "vrambudget/arch/blocks/moe.hpp"
#include "vrambudget/arch/blocks/projections.hpp"

namespace vrambudget::arch {

namespace detail {

/// Experts with squared ReLU, over a narrower latent in some models, and a shared one beside.
inline tensor* latent_experts(builder& b, int il, tensor* x) {
  if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x, activation::relu_sqr);
  tensor* down = b.weight(il, "ffn_latent_down");
  tensor* latent = down ? b.plain_mul_mat(down, x) : x;
  tensor* routed = moe_ffn(b, il, latent,
                           {.gating = gating::sigmoid,
                            .norm_weights = b.hp.moe.weights_norm,
                            .act = activation::relu_sqr,
                            .weights_scale = b.hp.moe.weights_scale,
                            .logits = b.linear_without_bias(il, "ffn_gate_inp", x)});
  if (tensor* up = b.weight(il, "ffn_latent_up")) routed = b.plain_mul_mat(up, routed);
  return b.add(routed, ffn(b, il, x, activation::relu_sqr, shared_expert));
}

}  // namespace detail

/// Source: llama.cpp, src/models/nemotron-h.cpp: graph
inline void build_nemotron_h(builder& b) {
  tensor* stream = b.token_embeddings();
  recurrent_input rs(b);
  attention_input attention(b);
  tensor* out_ids = b.output_ids();

  const int n_layer = static_cast<int>(b.hp.n_layer());
  for (int il = 0; il < n_layer; ++il) {
    b.enters_layer(il, stream);
    const auto l = static_cast<std::uint32_t>(il);
    tensor* x = b.rms_norm_of(il, "attn_norm", stream);
    tensor* y = b.hp.is_recr(l)     ? mamba2(b, rs, il, x)
                : b.hp.n_ff(l) == 0 ? attention(il, project_qkv(b, il, x))
                                    : detail::latent_experts(b, il, x);
    stream = b.add(y, stream);
  }
  b.h_nextn = b.rms_norm_of(-1, "output_norm", stream);
  b.embd = b.get_rows(b.h_nextn, out_ids);
  b.finish_logits();
}

}  // namespace vrambudget::arch
