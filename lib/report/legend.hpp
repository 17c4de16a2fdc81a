// What the words of a plan mean.
#pragma once

#include <string>

#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// The words that a plan shows, each with what it means, one a line.
[[nodiscard]] std::string legend_text(const budget& b, std::size_t width);

}  // namespace vrambudget
