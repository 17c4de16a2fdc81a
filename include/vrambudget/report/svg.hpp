// Budgets as pictures.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

/// What one device takes at growing contexts, with one type of cache.
struct context_curve {
  ggml_type type;
  context_limit limit;  ///< the largest that fits
  std::vector<std::pair<std::uint32_t, bytes>>
      points;  ///< tokens over all sequences, and what they take; not empty
};

/// A whole SVG file, 720 pixels wide: a bar for each device, all to one scale, with what may be used
/// marked, and one for the host; below each bar its terms with sizes and basis. It needs no other file or
/// font, and reads well on light and dark screens. Whatever the model's name is, the XML is valid.
///
/// With curves, of a budget on one device, a chart of them stands between the device and the host.
[[nodiscard]] std::string budget_svg(const model& m, const budget& b,
                                     const std::vector<context_curve>& curves = {});

}  // namespace vrambudget
