#include "vrambudget/request/asked_together.hpp"

#include <utility>

#include "vrambudget/request/asked_plan.hpp"

namespace vrambudget::request {

result<together_question> together_question_of(const plan_request& q,
                                               std::vector<const model*> models,
                                               std::vector<device> devices,
                                               std::optional<bytes> ram, const model* draft,
                                               const projector* mmproj) {
  if (const auto ok = refuse_chosen_runs(q, "since it would fit as if it were alone"); !ok)
    return ok.error();
  together_question asked;
  asked.models = std::move(models);
  asked.devices = std::move(devices);
  asked.held_against = limits_of(q, ram);
  asked.r = q.r;
  if (q.r.n_ctx > 0 || q.tells_ctx) asked.n_ctx = q.r.n_ctx;
  asked.draft = draft;
  asked.mmproj = mmproj;
  return asked;
}

}  // namespace vrambudget::request
