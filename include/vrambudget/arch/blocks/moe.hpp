// Mixture of experts: router, selection, the experts used, and their weighted sum.
#pragma once

#include <algorithm>

#include "vrambudget/arch/blocks/ffn.hpp"

namespace vrambudget::arch {

/// How router logits become weights. The values are GGUF's `expert_gating_func`.
enum class gating : std::uint8_t {
  softmax = 1,
  sigmoid = 2,
  softmax_weight = 3,
  sqrt_softplus = 4
};

/// Names of the experts' matrices.
struct expert_names {
  tensor_name gate_up = "ffn_gate_up_exps", up = "ffn_up_exps", gate = "ffn_gate_exps",
              down = "ffn_down_exps";
};
inline constexpr expert_names chunk_experts{"ffn_gate_up_chexps", "ffn_up_chexps",
                                            "ffn_gate_chexps", "ffn_down_chexps"};

/// What differs between mixtures of experts.
struct moe_options {
  arch::gating gating = arch::gating::softmax;
  bool norm_weights = true;  ///< weights of the experts used sum to one
  activation act = activation::silu;
  float weights_scale = 0.0f;       ///< 0 or 1: no scaling
  tensor* logits = nullptr;         ///< router logits made elsewhere
  tensor* ids = nullptr;            ///< experts chosen elsewhere
  bool weights_before_ffn = false;  ///< the input is weighted instead of the output
  bool select_by_logits = false;
  bool f32_down = false;           ///< what goes into `down` can exceed the range of f16
  bool select_by_sigmoid = false;  ///< of the logits, whatever the gating
  expert_names names = {};
  std::int64_t per_group = 1;  ///< that many of the router's experts share one of these
};

namespace detail {

/// Group-limited selection: the experts of groups that are not among the best are masked out.
inline tensor* mask_groups(builder& b, tensor* selection) {
  const std::int64_t n_group = b.hp.moe.n_group, per_group = b.part(selection->ne[0], n_group),
                     nt = selection->ne[1];
  const std::int64_t n_expert = selection->ne[0];
  tensor* groups = b.reshape(selection, per_group, n_group, nt);
  tensor* best_two = b.argsort_top_k(groups, 2);
  tensor* scores = b.get_rows(b.reshape(groups, 1, per_group, n_group, nt), best_two);
  scores = b.sum_rows(b.reshape(scores, scores->ne[1], scores->ne[2], scores->ne[3]));
  scores = b.reshape(scores, scores->ne[1], scores->ne[2]);
  tensor* chosen = b.argsort_top_k(scores, b.hp.moe.n_group_used);
  tensor* kept = b.get_rows(groups, chosen);
  return b.reshape(b.set_rows(b.fill(groups), kept, chosen), n_expert, nt);
}

/// W x per expert [* scale] [+ bias].
inline tensor* expert_linear(builder& b, int il, tensor_name name, tensor* x, tensor* ids,
                             tensor* bias, bool f32_source = false) {
  tensor* w = b.require(il, name);
  tensor* y = b.mul_mat_id(w, x, ids);
  y->f32_source = f32_source && !b.weight(il, name, ".scale");
  if (tensor* s = b.weight(il, name, ".scale")) {
    const std::int64_t n_expert = s->ne[0];
    tensor* all = b.repeat(b.reshape(s, 1, n_expert, 1), {1, n_expert, x->ne[2], 1});
    y = b.mul(y, b.get_rows(all, ids));
  }
  y = b.adapted(w, x, ids, y);
  if (bias) y = b.add_id(y, bias, ids);
  return builder::named(y, name.text(), il);
}

struct routing {
  tensor *ids, *weights;  ///< [experts used, tokens], [1, experts used, tokens]
};

/// Experts of the router to the groups they are in, by way of floats.
inline tensor* groups_of(builder& b, tensor* ids) {
  return b.cast(b.scale(b.cast(ids, ggml_type::f32)), ggml_type::i32);
}

inline routing route(builder& b, int il, tensor* x, const moe_options& o) {
  std::int64_t k = b.hp.n_expert_used(static_cast<std::uint32_t>(il));
  tensor* logits = o.logits ? o.logits : b.linear_without_bias(il, "ffn_gate_inp", x);
  if (tensor* bias = b.weight(il, "ffn_gate_inp", ".bias")) logits = b.add(logits, bias);
  const std::int64_t n_expert = logits->ne[0], nt = logits->ne[1];

  tensor* probs = logits;
  if (o.gating < gating::softmax || o.gating > gating::sqrt_softplus)
    b.get_graph().fail("unknown gating of experts");
  if (o.gating == gating::softmax) probs = b.soft_max(logits);
  if (o.gating == gating::sigmoid) probs = b.sigmoid(logits);
  if (o.gating == gating::sqrt_softplus) probs = b.sqrt(b.softplus(logits));
  builder::named(probs, "ffn_moe_probs", il);

  tensor* selection = probs;
  for (const char* suffix : {".bias", ""})  // files of Hunyuan 3 have it without a suffix
    if (tensor* bias = b.weight(il, "exp_probs_b", suffix)) selection = b.add(probs, bias);
  if (o.select_by_logits) selection = logits;
  if (o.select_by_sigmoid) selection = b.sigmoid(logits);
  if (b.hp.moe.n_group > 1) selection = mask_groups(b, selection);

  k = std::min(k, n_expert / o.per_group);
  if (k < 1) {
    b.get_graph().fail("layer " + std::to_string(il) + " uses none of its experts");
    k = 1;
  }
  tensor* ids = o.ids ? o.ids : b.argsort_top_k(selection, k);
  if (o.per_group > 1) ids = groups_of(b, ids);
  tensor* weights = b.get_rows(b.reshape(probs, 1, n_expert, nt), ids);
  if (o.gating == gating::softmax_weight)
    weights = b.reshape(b.soft_max(b.reshape(weights, k, nt)), 1, k, nt);
  if (o.norm_weights) {
    weights = b.reshape(weights, k, nt);
    weights = b.reshape(b.div(weights, b.clamp(b.sum_rows(weights))), 1, k, nt);
  }
  if (o.weights_scale != 0.0f && o.weights_scale != 1.0f) weights = b.scale(weights);
  b.expand(builder::named(weights, "ffn_moe_weights", il));
  return {ids, weights};
}

/// Gate and up of the experts used, activated.
inline tensor* expert_hidden(builder& b, int il, tensor* x, tensor* ids, const moe_options& o) {
  const auto bias = [&](tensor_name name) { return b.weight(il, name, ".bias"); };
  const float limit =
      o.act == activation::silu ? b.hp.swiglu_clamp_exp(static_cast<std::uint32_t>(il)) : 0.0f;
  if (b.has(il, o.names.gate_up)) {
    tensor* both = expert_linear(b, il, o.names.gate_up, x, ids, bias(o.names.gate_up));
    const std::int64_t n_ff = both->ne[0] / 2;
    const auto half = [&](std::uint64_t offset) {
      return b.view_3d(both, n_ff, both->ne[1], both->ne[2], both->nb[1], both->nb[2], offset);
    };
    tensor* gate = half(0);
    return b.glu(gate, half(static_cast<std::uint64_t>(n_ff) * both->nb[0]));
  }
  tensor* up = expert_linear(b, il, o.names.up, x, ids, bias(o.names.up));
  if (!b.has(il, o.names.gate)) return activate(b, o.act, up);
  return gated(b, o.act, expert_linear(b, il, o.names.gate, x, ids, bias(o.names.gate)), up, limit);
}

}  // namespace detail

/// Weighted sum of the experts used, without shared experts.
///
/// Shape:    x [n_embd, tokens]; result the same
/// Source:   llama.cpp, src/llama-graph.cpp: build_moe_ffn
inline tensor* moe_ffn(builder& b, int il, tensor* x, const moe_options& o = {}) {
  const std::int64_t n_embd = x->ne[0], nt = x->ne[1];
  const detail::routing r = detail::route(b, il, x, o);
  const std::int64_t k = r.ids->ne[0];

  x = b.reshape(x, n_embd, 1, nt);
  if (o.weights_before_ffn) x = b.mul(b.repeat(x, {n_embd, k, nt, 1}), r.weights);
  tensor* hidden = detail::expert_hidden(b, il, x, r.ids, o);
  tensor* experts = detail::expert_linear(b, il, o.names.down, hidden, r.ids,
                                          b.weight(il, o.names.down, ".bias"), o.f32_down);
  if (!o.weights_before_ffn) experts = b.mul(experts, r.weights);
  b.expand(experts);

  const auto output_of = [&](std::int64_t i) {
    tensor* t = b.view_2d(experts, n_embd, nt, experts->nb[2],
                          static_cast<std::uint64_t>(i) * experts->nb[1]);
    b.expand(t);
    return t;
  };
  std::vector<tensor*> outputs;
  for (std::int64_t i = 0; i < k; ++i) outputs.push_back(output_of(i));
  if (k == 1) return b.cont(outputs[0]);
  tensor* sum = outputs[0];
  for (std::int64_t i = 1; i < k; ++i)
    b.expand(sum = b.add(sum, outputs[static_cast<std::size_t>(i)]));
  return builder::named(sum, "ffn_moe_out", il);
}

/// A dense layer, or experts where the layer has a router, plus a shared expert where it has one.
inline tensor* dense_or_shared_experts(builder& b, int il, tensor* x, const moe_options& o = {}) {
  if (!b.has(il, "ffn_gate_inp")) return ffn(b, il, x);
  tensor* routed = moe_ffn(b, il, x, o);
  if (!b.has(il, "ffn_up_shexp")) return routed;
  return b.add(routed, ffn(b, il, x, activation::silu, shared_expert));
}

/// The same with experts routed as the file's keys say.
inline tensor* experts_after_dense(builder& b, int il, tensor* x, moe_options o = {}) {
  o.gating = static_cast<gating>(b.hp.moe.gating_func);
  o.norm_weights = b.hp.moe.weights_norm;
  o.weights_scale = b.hp.moe.weights_scale;
  return dense_or_shared_experts(b, il, x, o);
}

}  // namespace vrambudget::arch
