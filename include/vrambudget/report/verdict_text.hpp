// Verdicts in words.
#pragma once

#include <string>

#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/verdict.hpp"

namespace vrambudget {

/// Whether the run works, and where it does not: one sentence or two on a line.
[[nodiscard]] std::string sentence(const run_verdict& v, const budget& b);

/// "fits", "tight" or "does not fit": one device.
[[nodiscard]] std::string_view word_for(const device_budget& d);

}  // namespace vrambudget
