// The best runs by each preference side by side, as text and JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vrambudget/catalogue/preferred_runs.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// A column for each preference, 80 columns in all, then what each changes of the run that is told, `width` columns
/// wide. One sentence if none fits.
[[nodiscard]] std::string preferred_runs_text(const model& m, std::span<const preferred_run> all,
                                              std::size_t width);
/// One JSON object and a line feed. `told`: the run that was asked for.
[[nodiscard]] std::string preferred_runs_json(const model& m, const run& told,
                                              std::span<const preferred_run> all);

}  // namespace vrambudget
