// The best runs of one model on the same devices, one for each thing that may be wanted most.
#pragma once

#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/preference.hpp"
#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// One of them.
struct preferred_run {
  preference by = preference::balance;
  best_run best;
  context_params context;              ///< of that run
  std::vector<device_budget> devices;  ///< of that run
  run_speeds speeds;
};

/// By each preference, in the order of their words. Empty: no run fits with what is told.
///
/// Formula: find_best_run() of each
/// Errors:  its own
[[nodiscard]] result<std::vector<preferred_run>> find_preferred_runs(planner& p, const run& r);

}  // namespace vrambudget
