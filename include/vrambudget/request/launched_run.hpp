// A plan as what starts it in another program, with what a reader of that should know.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/report/launch.hpp"
#include "vrambudget/request/asked_plan.hpp"
#include "vrambudget/request/named_models.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

struct launched_run {
  std::string text;                ///< a command line, or a file
  std::vector<std::string> notes;  ///< fewer layers than planned, a file that is not here, ...
};

/// A plan that was made of a request, written down for a program.
///
/// Errors:   unsupported  it does not run, or not in that program; says why, and what would
///           those of fit_launch()
[[nodiscard]] result<launched_run> launch_of(launcher, const plan_request& q,
                                             const named_models& models, planner& p,
                                             const made_plan& made);

}  // namespace vrambudget::request
