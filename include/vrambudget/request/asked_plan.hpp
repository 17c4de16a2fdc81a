// What a request names, read; and what it asks of a plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/model_reader.hpp"
#include "vrambudget/request/named_gpus.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// What a request names besides its GPUs.
struct plan_models {
  model main;
  std::optional<model> draft;
  std::optional<projector> mmproj;

  [[nodiscard]] planner on(std::vector<device> devices, limits l = {}) const {
    return {main, std::move(devices), l, draft ? &*draft : nullptr, mmproj ? &*mmproj : nullptr};
  }
};

/// Reads them.
/// Errors: those of model_reader::read() and load_projector()
[[nodiscard]] result<plan_models> load_models(const plan_request& q, model_reader& reader);

/// The devices it means. What was calibrated of them counts unless only buffers are asked for.
/// Errors: those of find_gpus()
[[nodiscard]] result<named_gpus> choose_devices(const plan_request& q, const environment& around);

[[nodiscard]] inline limits limits_of(const plan_request& q) { return {q.reserve, q.buffers_only}; }

/// The largest context, if it is asked for; a run that names none gets it.
/// Errors: those of max_context()
[[nodiscard]] result<std::optional<context_limit>> find_context(const plan_request& q, planner& p,
                                                                run& r);

/// The budget of the request's run, without a context at the largest one that fits.
/// Errors: those of max_context() and planner::budget_for()
[[nodiscard]] result<budget> budget_of(const plan_request& q, planner& p);

/// What a reader should know besides the plan's own notes.
void add_notes(const plan_request& q, const std::vector<std::string>& calibration_notes,
               const model& m, budget& b);

}  // namespace vrambudget::request
