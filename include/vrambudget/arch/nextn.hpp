// The NextN layers with which models draft for themselves: each is one more layer of its kind.
#pragma once

#include "vrambudget/arch/afmoe.hpp"
#include "vrambudget/arch/blocks/mla.hpp"
#include "vrambudget/arch/blocks/nextn.hpp"
#include "vrambudget/arch/deepseek4.hpp"
#include "vrambudget/arch/glm4moe.hpp"
#include "vrambudget/arch/kimi_linear.hpp"
#include "vrambudget/arch/nemotron_h.hpp"
#include "vrambudget/arch/qwen3next.hpp"

namespace vrambudget::arch {

namespace detail {
/// Experts where the layer has a router, else a dense layer.
inline tensor* experts_if_routed(builder& b, int il, tensor* x) {
  return b.has(il, "ffn_gate_inp") ? experts_after_dense(b, il, x) : ffn(b, il, x);
}
}  // namespace detail

/// DeepSeek V2 to V3.2 and GLM-5: latent attention over all cells, also where the model's is sparse.
inline void build_latent_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {.ffn_norm = "ffn_norm"},
      [&](int il, tensor* x) {
        return latent_attention(b, attention, il, x, pos, nullptr, {.flat_q = true});
      },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

/// Ling 3: latent attention, though most of the model's layers are recurrent.
inline void build_bailingmoe3_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {.ffn_norm = "ffn_norm"},
      [&](int il, tensor* x) { return detail::gated_latent_attention(b, attention, il, x, pos); },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

/// DeepSeek V4: all streams go through it; its attention has the window of raw keys alone.
inline void build_deepseek4_nextn(builder& b) {
  const int il = static_cast<int>(b.hp.n_layer());
  const std::int64_t hc = b.hp.hc.mult, n_embd = b.hp.n_embd, nt = b.ub.n_tokens;
  tensor* rows = detail::nextn_rows_of_tokens(b, il);
  tensor* h = b.reshape(b.hidden_state(hc * n_embd), n_embd, hc, nt);
  tensor* pos = b.positions();
  tensor* out_ids = b.output_ids();
  attention_input attention(b);
  tensor* h_norm = b.rms_norm_of(il, "nextn.hnorm", h);
  tensor* e_norm = start_streams(b, b.rms_norm_of(il, "nextn.enorm", rows));
  tensor* streams = b.linear(il, "nextn.eh_proj", b.concat(e_norm, h_norm, 0));

  connected_block block = read_connected(b, il, streams, attention_streams);
  const auto window = [&](int l, tensor*, tensor*, tensor* q, tensor* k, tensor*) {
    cache_input& c = attention.of(l);
    const auto turned = [&](tensor* t) { return c.k_rot ? rotate(b, t, c.k_rot) : t; };
    k = turned(k);
    return turned(
        attend_to_keys(b, c, l, {turned(q), k, k}, c.mask, {.sinks = b.weight(l, "attn_sinks")}));
  };
  tensor* x = b.rms_norm_of(il, "attn_norm", block.input);
  tensor* y = detail::deepseek4_attention(b, window, il, x, pos);
  streams = write_connected(b, il, y, streams, block);
  block = read_connected(b, il, streams, ffn_streams);
  y = experts_after_dense(b, il, b.rms_norm_of(il, "ffn_norm", block.input));
  streams = write_connected(b, il, y, streams, block);

  b.h_nextn = b.get_rows(b.reshape(streams, n_embd * hc, nt), out_ids);
  streams = b.reshape(b.h_nextn, n_embd, hc, b.ub.n_outputs);
  b.embd = detail::nextn_head_norm(b, {}, il, detail::stream_for_head(b, streams));
  detail::finish_nextn_logits(b, {}, il, b.embd);
}

/// GLM-4.5.
inline void build_glm4moe_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {}, [&](int il, tensor* x) { return detail::glm4moe_attention(b, attention, il, x, pos); },
      [&](int il, tensor* x) { return experts_after_dense(b, il, x); });
}

/// Qwen3.5 and Qwen3-Next: a gated attention, though most of the model's layers are recurrent.
template <nextn_rows rows = nextn_rows::after_norm>
void build_qwen35_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {.rows = rows},
      [&](int il, tensor* x) { return detail::gated_attention(b, attention, il, x, pos, false); },
      [&](int il, tensor* x) { return detail::gated_experts(b, il, x); });
}

/// Hunyuan 3.
inline void build_hy_v3_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {.ffn_norm = "ffn_norm"},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        norm_heads(b, il, y);
        rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) { return detail::experts_if_routed(b, il, x); });
}

/// MiMo-V2: dense.
inline void build_mimo2_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {.ffn_norm = "ffn_norm", .rows = nextn_rows::before_norm},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos);
        tensor* out = attention(il, y, {.sinks = b.weight(il, "attn_sinks")});
        return b.hp.attn.f_value_scale != 0.0f ? b.scale(out) : out;
      },
      [&](int il, tensor* x) { return ffn(b, il, x); });
}

/// Step 3.5.
inline void build_step35_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  build_nextn(
      b, {.ffn_norm = "ffn_norm", .rows = nextn_rows::before_norm},
      [&](int il, tensor* x) { return detail::step35_attention(b, attention, il, x, pos); },
      [&](int il, tensor* x) { return detail::experts_if_routed(b, il, x); });
}

/// Nemotron-H: attention without positions and experts in one layer.
inline void build_nemotron_h_nextn(builder& b) {
  attention_input attention(b);
  build_nextn(
      b, {.rows = nextn_rows::after_residual, .head_norm = norm_kind::layer},
      [&](int il, tensor* x) { return attention(il, project_qkv(b, il, x)); },
      [&](int il, tensor* x) { return detail::latent_experts(b, il, x); });
}

/// Command A's mixture of experts: feed-forward beside attention, the mean of routed and shared experts.
inline void build_cohere2moe_nextn(builder& b) {
  tensor* pos = b.positions();
  attention_input attention(b);
  const norm_kind norm = b.hp.rms_norm ? norm_kind::rms : norm_kind::layer;
  build_nextn(
      b, {.norm = norm, .head_norm = norm, .parallel = true, .scale_logits = true},
      [&](int il, tensor* x) {
        qkv y = project_qkv(b, il, x);
        rotate_positions(b, y, pos, b.rope_factors(il));
        return attention(il, y);
      },
      [&](int il, tensor* x) {
        tensor* y = moe_ffn(b, il, x,
                            {.gating = static_cast<gating>(b.hp.moe.gating_func),
                             .norm_weights = b.hp.moe.weights_norm,
                             .weights_scale = b.hp.moe.weights_scale});
        if (!b.has(il, "ffn_up_shexp")) return y;
        return b.scale(b.add(y, ffn(b, il, x, activation::silu, shared_expert)));
      });
}

}  // namespace vrambudget::arch
