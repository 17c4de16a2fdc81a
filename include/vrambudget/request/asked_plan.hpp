// What a request asks of a plan.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/advise/smaller_file.hpp"
#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/engine_comparison.hpp"
#include "vrambudget/plan/fitted_run.hpp"
#include "vrambudget/plan/largest_contexts.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/report/backends.hpp"
#include "vrambudget/request/named_gpus.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// The devices it means. What was calibrated of them counts unless only buffers are asked for.
/// Errors: those of find_gpus()
[[nodiscard]] result<named_gpus> choose_devices(const plan_request& q, const environment& around);

/// `ram`: what named_gpus has. The CPU is this machine's where its GPUs or none are meant.
[[nodiscard]] inline limits limits_of(const plan_request& q, std::optional<bytes> ram) {
  const std::vector<std::string>& gpus = q.gpus.names;
  const bool is_here = gpus.empty() || gpus.front() == "none";
  return {q.reserve, q.buffers_only, ram, is_here ? this_cpu() : std::nullopt};
}

/// The largest context, if it is asked for; a run that names none gets it.
/// Errors: those of max_context()
[[nodiscard]] result<std::optional<context_limit>> find_context(const plan_request& q, planner& p,
                                                                run& r);

/// The request's run, as the engine and others plan it. `p` must outlive it.
/// Errors: those of find_context() and engine_comparison::of()
[[nodiscard]] result<engine_comparison> compare_engines(const plan_request& q, planner& p);

/// The run that is told, with the context that `-c 0` means.
[[nodiscard]] run told_run(const plan_request& q, const model& m);

/// That no other run is asked for than the one that is told, where `why` not.
/// Errors: invalid_argument  `--fit on`, `--prefer`
[[nodiscard]] result<void> refuse_chosen_runs(const plan_request& q, std::string_view why);

/// A plan that was made.
struct made_plan {
  run r;  ///< with the context that was planned
  budget b;
  run_verdict judged;
  std::optional<context_limit> limit =
      {};  ///< what binds the largest context, if it was looked for
  std::vector<context_row> limits =
      {};  ///< the same by cache type, if there is one; only if the callers look
  std::vector<suggestion> changes = {};      ///< that make it fit, if it does not whatever comes
  std::optional<smaller_file> smaller = {};  ///< that fits as it is run; only if the callers look
  /// What the engine makes of the request's run by itself; the run that is planned, if it is asked for.
  std::optional<fitted_run> fitted = {};
  /// The run that is planned, if it is the best one by `--prefer`; absent: none that fits has what is told.
  std::optional<best_run> best = {};
  run_speeds speeds = {};
  std::vector<backend_row> backends = {};  ///< under each that is asked about; only if the callers look
};

/// The request's run, without a context at the largest one that fits, or the best one by `--prefer`, and the
/// verdict on it.
/// Errors: those of fit_run(), find_best_run(), max_context() and planner::budget_for()
///         invalid_argument  `--fit on` and `--prefer`
[[nodiscard]] result<made_plan> make_plan(const plan_request& q, planner& p,
                                          const std::vector<std::string>& gpu_notes);

/// made_plan::limits, where the plan looked for the largest context and keeps a KV cache.
[[nodiscard]] std::vector<context_row> limits_by_type(const plan_request& q, planner& p,
                                                      const made_plan& made);

/// The budget of the request's run, without a context at the largest one that fits.
/// Errors: those of max_context() and planner::budget_for()
[[nodiscard]] result<budget> budget_of(const plan_request& q, planner& p);

}  // namespace vrambudget::request
