// Routers of mixtures of experts: what the file says, and what the architecture fixes.
#pragma once

#include <cstdint>

#include "vrambudget/model/rules/attention.hpp"

namespace vrambudget::detail::rules {

/// Gating as in GGUF's `expert_gating_func`.
inline constexpr std::uint32_t softmax_gating = 1, sigmoid_gating = 2;

/// A router by the file's keys, whose gating may be left out; 0: it may not.
template <std::uint32_t default_gating>
void router(keys& k, hparams& hp) {
  experts_after_dense(k, hp, default_gating);
}
/// A router of fixed gating.
template <std::uint32_t gating>
void fixed_gating(keys& k, hparams& hp) {
  experts_after_dense(k, hp, gating);
  hp.moe.gating_func = gating;
}
/// The same; the weights of the experts used sum to one, or are left as they are.
template <std::uint32_t gating, bool norm_weights>
void fixed_router(keys& k, hparams& hp) {
  fixed_gating<gating>(k, hp);
  hp.moe.weights_norm = norm_weights;
}

inline void maple(keys& k, hparams& hp) {
  listed_window(k, hp);
  fixed_router<softmax_gating, true>(k, hp);
  hp.moe.weights_scale = 0;  // the clamp of its activation is part of the gated operation
}
inline void minimax_m2(keys& k, hparams& hp) {
  experts_after_dense(k, hp, 0);
  hp.moe.weights_norm = true;
  hp.moe.weights_scale = 0;
}
inline void afmoe(keys& k, hparams& hp) {
  optional_window<4>(k, hp);
  experts_after_dense(k, hp, sigmoid_gating);
}
inline void laguna(keys& k, hparams& hp) {
  optional_window<4, true>(k, hp);
  experts_after_dense(k, hp, sigmoid_gating);
}
inline void exaone_moe(keys& k, hparams& hp) {
  required_window<4>(k, hp);
  experts_after_dense(k, hp, 0);
}
inline void step35(keys& k, hparams& hp) {
  listed_window(k, hp);
  experts_after_dense(k, hp, sigmoid_gating);
  hp.moe.swiglu_clamp_exp_arr = k.floats("swiglu_clamp_exp", hp.n_layer_all);
  hp.moe.swiglu_clamp_shexp_arr = k.floats("swiglu_clamp_shexp", hp.n_layer_all);
}
inline void mimo2(keys& k, hparams& hp) {
  listed_window(k, hp);
  fixed_router<sigmoid_gating, true>(k, hp);
  hp.moe.weights_scale = 0;
  const float scale = k.f32("attention.value_scale");
  hp.attn.f_value_scale = scale == 1.0f ? 0.0f : scale;
}

}  // namespace vrambudget::detail::rules
