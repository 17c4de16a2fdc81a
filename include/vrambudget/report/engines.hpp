// The builds whose rules are known, what changed between them, and what that does to a run.
#pragma once

#include <string>

#include "vrambudget/plan/engine_comparison.hpp"

namespace vrambudget {

/// `c`: of which run besides; null: none.
[[nodiscard]] std::string engines_text(const engine_comparison* c);
/// Schema 1: "engines", "changes", of a run "model".
[[nodiscard]] std::string engines_json(const engine_comparison* c);

}  // namespace vrambudget
