// Dense feed-forward layers: gated, fused, or plain.
#pragma once

#include "vrambudget/arch/builder.hpp"

namespace vrambudget::arch {

/// Activation of a feed-forward layer. With a gate beside `up` all of these are one gated operation.
enum class activation : std::uint8_t {
  silu,
  gelu,
  relu,
  relu_sqr,
  swiglu_oai,
  gated_halves,
  xielu,
  situ
};

/// Names of a feed-forward layer's matrices; shared experts have their own.
struct ffn_names {
  tensor_name up = "ffn_up", gate = "ffn_gate", down = "ffn_down";
};
inline constexpr ffn_names shared_expert{"ffn_up_shexp", "ffn_gate_shexp", "ffn_down_shexp"};

namespace detail {
/// W x [+ bias] [* scale]: the order of feed-forward layers.
inline tensor* ffn_linear(builder& b, int il, tensor_name name, tensor* x) {
  tensor* y = b.product(il, name, x);
  if (tensor* bias = b.weight(il, name, ".bias")) y = b.add(y, bias);
  if (tensor* s = b.weight(il, name, ".scale")) y = b.mul(y, s);
  return builder::named(y, name.text(), il);
}

/// tanh(gate) * sigmoid(gate) * tanh(up), each tanh scaled before and after; up as it is if it has no
/// scale.
inline tensor* situ(builder& b, tensor* gate, tensor* up) {
  const auto soft_bound = [&](tensor* t) { return b.scale(b.tanh(b.scale(t))); };
  tensor* act = b.mul(soft_bound(gate), b.sigmoid(gate));
  return b.mul(act, b.hp.f_situ_linear_beta > 0.0f ? soft_bound(up) : up);
}

/// A gated activation; `limit` > 0: both sides are clamped first.
inline tensor* gated(builder& b, activation act, tensor* gate, tensor* up, float limit) {
  if (act == activation::situ) return situ(b, gate, up);
  if (limit <= 1e-6f) return b.glu(gate, up);
  tensor* clamped = b.clamp(up);
  return b.mul(b.clamp(b.silu(gate)), clamped);
}

inline tensor* activate(builder& b, activation a, tensor* x) {
  switch (a) {
    case activation::silu:
      return b.silu(x);
    case activation::gelu:
      return b.gelu(x);
    case activation::relu:
      return b.relu(x);
    case activation::relu_sqr:
      return b.sqr(b.relu(x));
    case activation::xielu:
      return b.unary(ggml::unary::xielu, x);
    default:
      return b.glu(x);
  }
}
}  // namespace detail

/// act(gate x) * up x, or act(up x) without a gate.
inline tensor* ffn_hidden(builder& b, int il, tensor* x, activation act = activation::silu,
                          const ffn_names& n = {}) {
  tensor* up = detail::ffn_linear(b, il, n.up, x);
  if (act == activation::relu_sqr || act == activation::gated_halves || !b.has(il, n.gate)) {
    tensor* y = detail::activate(b, act, up);
    tensor* scales = b.weight(il, "ffn.act", ".scales");
    return scales ? b.div(y, scales) : y;
  }
  tensor* gate = detail::ffn_linear(b, il, n.gate, x);
  const float limit =
      act == activation::silu ? b.hp.swiglu_clamp_shexp(static_cast<std::uint32_t>(il)) : 0.0f;
  return detail::gated(b, act, gate, up, limit);
}

/// down of the same: a whole feed-forward layer.
///
/// Source: llama.cpp, src/llama-graph.cpp: build_ffn
inline tensor* ffn(builder& b, int il, tensor* x, activation act = activation::silu,
                   const ffn_names& n = {}) {
  return detail::ffn_linear(b, il, n.down, ffn_hidden(b, il, x, act, n));
}

}  // namespace vrambudget::arch
