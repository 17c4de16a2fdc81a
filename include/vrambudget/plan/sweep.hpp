// Budgets over a grid: models x devices x cache types x slots x contexts, as columns.
//
// A budget with simulated graphs takes most of a millisecond, so not every point gets one. Along the
// context every amount is a line between few breakpoints: the caches' formulas are linear, and a graph's
// buffers are the highest byte of tensors whose sizes are linear. Points in between are taken from the
// line where one budget inside the interval lies on it to the byte; else the interval is halved
// (sweep_curve.hpp). Cards on which the same graphs run share them, each with a pool of its own.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/sweep_columns.hpp"

namespace vrambudget {

/// What a sweep goes over; `base` has all that does not vary. The models must outlive it.
struct sweep_axes {
  std::vector<const model*> models;
  std::vector<std::vector<device>> gpus;  ///< each a set of devices that a run uses together
  std::vector<std::pair<ggml_type, ggml_type>> cache_types;  ///< K and V
  std::vector<std::uint32_t> n_parallel;                     ///< slots; 0: automatic
  std::vector<std::uint32_t> n_ctx;  ///< tokens over all slots; 0: training length
  run base = {};
  limits held_against = {};
  const model* draft = nullptr;       ///< beside each model: `-md`
  const projector* mmproj = nullptr;  ///< the same: `--mmproj`

  [[nodiscard]] std::uint64_t size() const {
    return std::uint64_t{models.size()} * gpus.size() * cache_types.size() * n_parallel.size() *
           n_ctx.size();
  }
};

/// One after the other, on the caller's thread. os/threads.hpp has one for many.
[[nodiscard]] inline sweep_runner in_turn() {
  return [](std::size_t n, const auto& work, const auto& between) {
    for (std::size_t i = 0; i < n; ++i) {
      work(i);
      if (!between()) return false;
    }
    return true;
  };
}

/// All points of the grid. `run_all`: who does the work; the rows are the same whoever it is.
///
/// Errors:   none of its own: what the engine refuses is listed
/// Accuracy: as planner::budget_for for rows that are not interpolated; those lie on a line between two
///           budgets on which a third one in between was found to the byte
[[nodiscard]] sweep_result sweep(const sweep_axes& axes, const sweep_progress& progress = {},
                                 const sweep_runner& run_all = in_turn());

}  // namespace vrambudget
