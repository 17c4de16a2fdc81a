// What a projector takes beside a model: each of its encoders has tensors, buffers and a pool of its own.
#pragma once

#include <cstddef>
#include <optional>

#include "vrambudget/engine/rules.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// Every encoder of a projector that lies whole on `on`; null: on the host.
///
/// Errors:   invalid_argument  the engine refuses the file, for images of these limits
/// Accuracy: exact for types that are described; else each encoder's `basis` says bound
/// Source:   llama.cpp, tools/mtmd/mtmd.cpp: mtmd_context
[[nodiscard]] result<projector_budget> plan_projector(const projector& p, const projector_run& r,
                                                      const device* on,
                                                      const engine_rules& rules = {});

/// What one encoder takes when it is loaded, on that device of the budget or on the host.
void add_encoder(const encoder_budget& e, std::optional<std::size_t> device, budget& b);

/// What it takes besides once a largest input came. `told`: its pool is a term.
void add_encoder_use(const encoder_budget& e, std::optional<std::size_t> device, bool told,
                     budget& b);

}  // namespace vrambudget
