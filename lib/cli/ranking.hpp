// Which models fit: those on this disk, then those of the catalogue, best first.
#pragma once

#include <vector>

#include "cli.hpp"
#include "inputs.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget::cli {

/// Plans every known model on `devices` and prints which fit: of those on this disk all files, of the
/// catalogue's each one's largest that fits.
///
/// Wanted are the run's tokens, else --min-ctx, else 8192 or all that a model was trained for. Best is
/// at least 4 bits per weight, then most parameters, then most bits per weight.
[[nodiscard]] int show_ranking(const plan_request& q, const std::vector<device>& devices,
                               const limits& l);

}  // namespace vrambudget::cli
