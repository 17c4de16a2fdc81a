// The recipe that makes the best of a card's memory.
#pragma once

#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"
#include "vrambudget/request/recipes.hpp"

namespace vrambudget::request {

/// The recipe with the most bits where they help most that runs as the request is run. `q` names the options that stay:
/// an importance matrix, a source type.
///
/// Formula:  all matrices begin with the smallest type. Again and again the name whose next type gains most for its bytes
///           on the cards gets it: the fall of curve_kld() a weight, times the share of tokens that use it (of experts
///           those used of all). Names that gain as much come in the order in which llama-quantize prefers them: values,
///           ffn_down, output, keys, attention's output, queries, others, ffn_gate and ffn_up. One that does not fit
///           whole gets it in as many layers as fit, the first and last eighth before every third of the others. What
///           is read on the host gets Q8_0
/// Errors:   invalid_argument  no context is named
///           not_found         nothing fits
///           those of planner::budget_for()
/// Accuracy: whether it fits is the plan's; that gains add up over names, and are alike in all models, is assumed
[[nodiscard]] result<recipe_request> find_recipe(const recipe_source& from, const recipe_request& q,
                                                 const plan_request& plan,
                                                 const std::vector<device>& devices,
                                                 const named_models& beside);

}  // namespace vrambudget::request
