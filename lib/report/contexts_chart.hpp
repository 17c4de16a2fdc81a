// Memory against context, drawn.
#pragma once

#include <vector>

#include "picture.hpp"
#include "vrambudget/report/svg.hpp"

namespace vrambudget {

/// Adds a chart: a line for each type of cache above the device's weights, one across where its usable memory
/// ends, and a dot with the number of tokens where a line meets that, or ends.
void draw_contexts(picture& p, const std::vector<context_curve>& curves, const device_budget& d);

}  // namespace vrambudget
