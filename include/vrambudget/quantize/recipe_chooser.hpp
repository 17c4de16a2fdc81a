// Which type a tensor gets by a recipe: its options before the rules of its file type.
#pragma once

#include <cstddef>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/recipe.hpp"
#include "vrambudget/quantize/tensor_uses.hpp"
#include "vrambudget/quantize/type_chooser.hpp"
#include "vrambudget/quantize/type_fallback.hpp"

namespace vrambudget {

/// What llama-quantize makes of a tensor.
struct chosen_type {
  ggml_type type = ggml_type::f32;
  ggml_type wanted =
      ggml_type::f32;  ///< before its rows were looked at: another one if they cannot have that
  bool needs_imatrix = false;  ///< cannot be made without an importance matrix
  bool is_kept = true;         ///< whatever a recipe says
};

namespace detail {

/// The types of one file. Tensors must come in the order of llama-quantize. All must outlive it.
/// Source: llama.cpp, src/llama-quant.cpp: llama_tensor_get_type
class recipe_chooser {
 public:
  recipe_chooser(const model& m, const recipe& r, const tensor_uses& uses)
      : m_(m), r_(r), uses_(uses), rules_(m, r, uses), usual_(traits(r.type).tensors) {}

  /// Of the tensor of that number.
  result<chosen_type> type_of(std::size_t i) {
    const model_tensor& t = m_.tensors[i];
    const tensor_use use = uses_.of(i);
    if (r_.copies || use.is_kept || !is_matrix(t) ||
        (r_.keeps_output && use.role == tensor_role::output))
      return chosen_type{t.type, t.type};
    const auto chosen = [&](gt type, gt wanted) {
      return chosen_type{type, wanted, needs_imatrix(type, use.role), false};
    };
    // these two are taken as they are typed, whatever the rows
    if (r_.token_embedding && use.role == tensor_role::token_embd &&
        !(t.name == per_layer_embd && r_.rule_for(t.name)))
      return chosen(*r_.token_embedding, *r_.token_embedding);
    if (r_.output && use.role == tensor_role::output) return chosen(*r_.output, *r_.output);
    if (!is_quantized(usual_)) return chosen(usual_, usual_);
    const result<gt> wanted = wanted_type(t, use);
    if (!wanted) return wanted.error();
    const result<gt> type = fitting_type(*wanted, t.ne[0]);
    if (!type) return in_context("tensor '" + t.name + "'", type.error());
    return chosen(*type, *wanted);
  }

 private:
  using gt = ggml_type;

  static constexpr std::string_view per_layer_embd = "per_layer_token_embd.weight";

  /// By a rule that was typed, else by those of the file type, which counts only what comes to them.
  result<gt> wanted_type(const model_tensor& t, const tensor_use& use) {
    if (const tensor_type_rule* rule = r_.rules.empty() ? nullptr : r_.rule_for(t.name))
      return rule->type;
    if (r_.pure) return usual_;
    return rules_.wanted(t, use);
  }

  /// Source: llama.cpp, src/llama-quant.cpp: tensor_requires_imatrix
  [[nodiscard]] bool needs_imatrix(gt type, tensor_role r) const {
    if (r == tensor_role::output || r == tensor_role::token_embd) return false;
    switch (type) {
      case gt::iq3_xxs:
      case gt::iq2_xxs:
      case gt::iq2_xs:
      case gt::iq2_s:
      case gt::iq1_m:
      case gt::iq1_s:
        return true;
      default:
        return type == gt::q2_k && r_.type == file_type::q2_k_s;
    }
  }

  const model& m_;
  const recipe& r_;
  const tensor_uses& uses_;
  type_chooser rules_;
  ggml_type usual_;  ///< of tensors that no rule names
};

}  // namespace detail
}  // namespace vrambudget
