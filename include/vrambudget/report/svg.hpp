// Budgets as pictures.
#pragma once

#include <string>

#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// A whole SVG file, 720 pixels wide: a bar for each device, all to one scale, with what may be used
/// marked, and one for the host; below each bar its terms with sizes and basis. It needs no other file or
/// font, and reads well on light and dark screens. Whatever the model's name is, the XML is valid.
[[nodiscard]] std::string budget_svg(const model& m, const budget& b);

}  // namespace vrambudget
