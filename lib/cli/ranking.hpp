// Which models fit: those on this disk, then those of the catalogue, best first.
#pragma once

#include <vector>

#include "plan.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget::cli {

/// Plans every known model on `devices` and prints which fit.
///
/// Wanted are the run's tokens, else --min-ctx, else 8192 or all that a model was trained for. Best is
/// at least 4 bits per weight, then most parameters, then most bits per weight. A published file whose
/// tensors' types are not known has its shape's memory, its weights scaled to its size.
[[nodiscard]] int show_ranking(const plan_request& q, const std::vector<device>& devices,
                               const limits& l);

}  // namespace vrambudget::cli
