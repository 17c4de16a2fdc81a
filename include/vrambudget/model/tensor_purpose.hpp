// What a tensor of a model is for, as a reader is told: norms, attention, experts, ...
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "vrambudget/model/model.hpp"
#include "vrambudget/model/tensor_class.hpp"

namespace vrambudget {

/// Whether a tensor stacks experts among which tokens are routed, by its name or that within a layer:
/// "ffn_up_exps.weight", and "ffn_up_chexps.weight" of experts that share chunks.
[[nodiscard]] constexpr bool stacks_experts(std::string_view name) {
  return name.find("_exps.") != name.npos || name.find("_chexps.") != name.npos;
}

enum class tensor_purpose : std::uint8_t {
  norms,
  biases,
  state_space_parameters,
  state_space_projections,
  attention,
  indexers,
  feed_forward,
  experts,
  shared_experts,
  routers,
  embeddings,
  output,
  draft,
  other
};

inline constexpr std::size_t n_tensor_purpose = 14;

/// "state space parameters"
[[nodiscard]] constexpr std::string_view name(tensor_purpose p) {
  constexpr std::array<std::string_view, n_tensor_purpose> names = {"norms",
                                                                    "biases",
                                                                    "state space parameters",
                                                                    "state space projections",
                                                                    "attention",
                                                                    "indexers",
                                                                    "feed-forward",
                                                                    "experts",
                                                                    "shared experts",
                                                                    "routers",
                                                                    "embeddings",
                                                                    "output",
                                                                    "draft layers",
                                                                    "other"};
  return names[static_cast<std::size_t>(p)];
}

/// By its name, the first of these that holds: of a draft layer, or NextN's; of a recurrence (`ssm_`, `time_mix_`,
/// `shortconv`), where what is multiplied as a matrix is a projection and A, D, dt, convolution and norm are
/// parameters; a norm; a bias; experts; the indexer; ...
[[nodiscard]] inline tensor_purpose purpose_of(const model& m, const model_tensor& t) {
  using p = tensor_purpose;
  const stacked_name n = stack_of(t.name);
  const std::string_view rest = n.rest;
  const auto has = [&](std::string_view part) { return rest.find(part) != rest.npos; };
  const auto starts = [&](std::string_view part) { return rest.starts_with(part); };
  if (is_draft_tensor(m, n) || starts("nextn") || starts("mtp")) return p::draft;
  if (starts("ssm_") || starts("time_mix_") || starts("channel_mix_") || starts("shortconv")) {
    const bool is_vector = t.ne[1] * t.ne[2] * t.ne[3] == 1;
    const bool is_small = has("norm") || has("conv") || has("lerp") || has("ssm_a.") ||
                          rest == "ssm_a" || has("ssm_d.") || rest == "ssm_d" ||
                          rest.ends_with(".bias");
    return is_vector || is_small ? p::state_space_parameters : p::state_space_projections;
  }
  if (starts("indexer")) return p::indexers;
  if (has("norm")) return p::norms;
  if (rest.ends_with(".bias") || has("exp_probs_b"))
    return has("exp_probs_b") ? p::routers : p::biases;
  if (has("ffn_gate_inp") || has("ffn_gate_tid2eid")) return p::routers;
  if (stacks_experts(rest)) return p::experts;
  if (has("_shexp")) return p::shared_experts;
  if (starts("ffn_")) return p::feed_forward;
  if (starts("attn_") || starts("cross_attn_")) return p::attention;
  if (starts("token_embd") || starts("per_layer_token_embd") || starts("position_embd") ||
      starts("token_types"))
    return p::embeddings;
  if (rest == "output.weight" || starts("cls")) return p::output;
  return p::other;
}

}  // namespace vrambudget
