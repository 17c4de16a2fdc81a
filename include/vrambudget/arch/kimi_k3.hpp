// Kimi K3: Kimi Linear whose layers attend over the outputs of earlier blocks of layers, with gated
// latent attention and experts over a narrower latent.
#pragma once

#include "vrambudget/arch/kimi_linear.hpp"

namespace vrambudget::arch {

namespace detail {

/// Attention over depth: the stream at the start of each block of layers is banked, and a layer reads a
/// mixture of the banked ones and the current one. Within a block the stream starts anew.
///
/// Source: llama.cpp, src/models/kimi-k3.cpp: res_push, res_mix
class depth_attention {
 public:
  explicit depth_attention(builder& b) : b_(b) {}

  void bank(tensor* stream) {
    tensor* t = b_.reshape(stream, stream->ne[0], 1, stream->ne[1]);
    banked_ = banked_ ? b_.concat(banked_, t, 1) : t;
  }

  /// Shape:    stream, result [n_embd, tokens]
  tensor* mix(tensor* stream, tensor* score) {
    if (!banked_) return stream;
    const std::int64_t n = banked_->ne[1], nt = stream->ne[1];
    const auto scored = [&](tensor* t) { return b_.sum_rows(b_.mul(b_.rms_norm(t), score)); };
    tensor* scores = b_.concat(b_.reshape(scored(banked_), n, nt), scored(stream), 0);
    tensor* shares = b_.soft_max(scores);
    const auto part = [&](std::int64_t size, std::int64_t first) {
      return b_.cont(b_.view_2d(shares, size, nt, shares->nb[1],
                                static_cast<std::uint64_t>(first) * shares->nb[0]));
    };
    tensor* past = b_.hc_pre(banked_, part(n, 0));
    return b_.add(past, b_.mul(stream, part(1, n)));
  }

 private:
  builder& b_;
  tensor* banked_ = nullptr;
};

/// Source: llama.cpp, src/models/kimi-k3.cpp: build_mla_layer
inline tensor* gated_latent_attention(builder& b, attention_input& attention, int il, tensor* x) {
  tensor* y = latent_attention(b, attention, il, x, nullptr, nullptr,
                               {.flat_q = true, .rotary_first = true, .project = false});
  if (tensor* gate = b.weight(il, "attn_gate")) y = b.mul(y, b.sigmoid(b.plain_mul_mat(gate, x)));
  return b.plain_mul_mat(b.require(il, "attn_output"), y);
}

/// Source: llama.cpp, src/models/kimi-k3.cpp: graph, build_latent_moe
inline tensor* plain_ffn(builder& b, int il, tensor* x, const ffn_names& n = {}) {
  return b.plainly([&] { return ffn(b, il, x, activation::situ, n); });
}

/// Source: llama.cpp, src/models/kimi-k3.cpp: build_latent_moe
inline tensor* routed_latent_experts(builder& b, int il, tensor* x) {
  if (!b.has(il, "ffn_gate_inp")) return plain_ffn(b, il, x);
  tensor* down = b.weight(il, "ffn_routed_down");
  tensor* routed = moe_ffn(b, il, down ? b.plain_mul_mat(down, x) : x,
                           {.gating = static_cast<gating>(b.hp.moe.gating_func),
                            .norm_weights = b.hp.moe.weights_norm,
                            .act = activation::situ,
                            .weights_scale = b.hp.moe.weights_scale,
                            .logits = b.plain_mul_mat(b.require(il, "ffn_gate_inp"), x)});
  if (b.has(il, "ffn_routed_norm")) routed = b.rms_norm_of(il, "ffn_routed_norm", routed);
  if (tensor* up = b.weight(il, "ffn_routed_up")) routed = b.plain_mul_mat(up, routed);
  if (!b.has(il, "ffn_gate_shexp")) return routed;
  return b.add(routed, plain_ffn(b, il, x, shared_expert));
}

}  // namespace detail

/// Source: llama.cpp, src/models/kimi-k3.cpp: graph
inline void build_kimi_k3(builder& b) {
  b.adapts_output = false;
  const int n_layer = static_cast<int>(b.hp.n_layer());
  const std::uint32_t block = b.hp.attn.res_block_size;
  tensor* stream = b.token_embeddings();
  recurrent_input rs(b);
  attention_input attention(b);
  detail::depth_attention depth(b);
  tensor* out_ids = b.output_ids();
  const auto mixed = [&](tensor* t, int il, tensor_name score) {
    return block ? depth.mix(t, b.require(il, score)) : t;
  };

  for (int il = 0; il < n_layer; ++il) {
    const auto l = static_cast<std::uint32_t>(il);
    tensor* x = mixed(stream, il, "attn_res_score");
    const bool starts_block = block && l % block == 0;
    if (starts_block) depth.bank(stream);
    x = b.rms_norm_of(il, "attn_norm", x);
    b.expand(x);
    tensor* y = b.hp.is_recr(l) ? kimi_delta_attention(
                                      b, rs, il, x,
                                      {.bounded_decay = b.hp.kda.is_bounded, .all_snapshots = true})
                                : detail::gated_latent_attention(b, attention, il, x);
    stream = starts_block ? y : b.add(stream, y);
    x = b.rms_norm_of(il, "ffn_norm", mixed(stream, il, "ffn_res_score"));
    stream = b.add(stream, detail::routed_latent_experts(b, il, x));
  }
  stream = b.get_rows(mixed(stream, -1, "output_res_score"), out_ids);
  b.embd = b.rms_norm_of(-1, "output_norm", stream);
  b.finish_logits();
}

}  // namespace vrambudget::arch
