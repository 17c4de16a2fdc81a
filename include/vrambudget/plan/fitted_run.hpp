// What llama-server makes of a run by itself: `--fit`, which is on unless it is turned off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What the engine's fitting is told.
struct fit_wish {
  std::vector<bytes> targets = {1024_MiB};  ///< `--fit-target`: left free, by device; one: on each
  std::uint32_t min_ctx = 4096;             ///< `--fit-ctx`: tokens of a cache that are not given up
  bool whole_ctx = false;                   ///< `-c 0`: the training length, and no less
};

enum class fit_status : std::uint8_t {
  success,
  failure,  ///< it gives up: the context may be at its least, all else is as it was told
};

/// A run that the engine has fitted. `r` has what it chose: n_ctx, and where it `moved` layers
/// n_gpu_layers, tensor_split and overrides.
struct fitted_run {
  fit_status status = fit_status::success;
  run r;
  bool moved = false;
  std::size_t n_measured = 0;  ///< contexts that it measured on the way
};

/// Fits a run as the engine does: measures what its buffers would be, counts what really allocated states
/// take twice, reads the context off a straight line, moves experts and then layers to the host. A run
/// with a context of its own keeps it.
///
/// Errors:   those of planner::budget_for, where a measured run is refused
///           invalid_argument  no devices, and what the host has is not known
/// Accuracy: equal to the engine in all that it chooses, where its measurements are exact
/// Source:   llama.cpp, common/fit.cpp: common_params_fit_impl
[[nodiscard]] result<fitted_run> fit_run(planner& p, const run& r, const fit_wish& w = {});

}  // namespace vrambudget
