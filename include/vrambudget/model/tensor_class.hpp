// Where the engine looks for a place for a tensor: with the inputs, in a layer, or with the output.
#pragma once

#include <cstdint>
#include <string_view>

#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Inputs stay on the host; the others follow their layer, or the output layer.
enum class tensor_class : std::uint8_t { input, repeating, output };

/// Class and layer of a tensor.
struct tensor_place {
  tensor_class kind = tensor_class::repeating;
  int il = 0;              ///< layer of a repeating tensor
  bool per_layer = false;  ///< one copy wherever layers are: RoPE factors
};

/// The class of a tensor by its name; `starts_hrm_in_layer`: the rule of that name.
/// Source: llama.cpp, src/llama-arch.cpp: LLM_TENSOR_INFOS
[[nodiscard]] inline tensor_place place_of(const model& m, const stacked_name& name,
                                           bool starts_hrm_in_layer = false) {
  if (name.il >= 0) return {tensor_class::repeating, name.il};
  const auto starts = [&](std::string_view prefix) { return name.rest.starts_with(prefix); };
  if (starts("rope_freqs") || starts("rope_factors")) return {tensor_class::repeating, 0, true};
  if (m.traits->embd_norm_is_last && starts("token_embd_norm")) return {tensor_class::output, -1};
  for (const std::string_view p : {"token_embd_norm", "conv1d", "per_layer_model_proj",
                                   "per_layer_proj_norm", "nextn.pre_projection"})
    if (starts(p)) return {tensor_class::repeating, 0};
  if (starts("hrm.z_l_init") && starts_hrm_in_layer) return {tensor_class::repeating, 0};
  for (const std::string_view p :
       {"token_embd", "position_embd", "token_types", "per_layer_token_embd", "hrm.z_l_init"})
    if (starts(p)) return {tensor_class::input, -1};
  return {tensor_class::output, -1};
}

/// True if a model without an output matrix multiplies by a copy of the token embeddings.
[[nodiscard]] inline bool ties_output(const model& m) {
  return m.traits->output_copy != output_copies::never && !m.find("output.weight");
}

/// True if that copy is made even where the embeddings themselves lie.
[[nodiscard]] inline bool always_copies_output(const model& m) {
  return m.traits->output_copy == output_copies::always;
}

/// True for tensors of draft layers, which are only loaded for drafting, but for some routers' biases.
[[nodiscard]] inline bool is_draft_tensor(const model& m, const stacked_name& name) {
  const hparams& hp = m.hp;
  if (!name.stack.empty() || name.il < static_cast<int>(hp.n_layer())) return false;
  if (m.traits->loads_draft_bias && name.rest == "exp_probs_b.bias") return false;
  return hp.attn.router_layer < 0 && hp.n_layer() > 0;
}

/// True for tensors that the engine knows and never loads: a position bias of T5's cross attention,
/// and what Gemma 4's assistant would need for sparse logits.
[[nodiscard]] inline bool is_ignored_tensor(const stacked_name& name) {
  return name.il >= 0 ? name.stack == "dec." && name.rest.starts_with("cross_attn_rel_b.")
                      : name.rest.starts_with("masked_embd_");
}

}  // namespace vrambudget
