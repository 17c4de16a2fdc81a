// How a run is judged; see verdict.hpp.
#pragma once

#include <algorithm>

#include "vrambudget/plan/verdict.hpp"

namespace vrambudget {

namespace detail {

/// The assumption that would have to be at its low end.
[[nodiscard]] inline std::optional<assumption> deciding(const budget& b) {
  const auto at = [&](estimate others, estimate context) {
    return std::all_of(b.devices.begin(), b.devices.end(), [&](const device_budget& d) {
      const bytes less = saturating_sub(d.context_at(estimate::high), d.context_at(context));
      return d.used() <= d.usable_at(others) + less;
    });
  };
  if (!at(estimate::low, estimate::low)) return std::nullopt;
  return at(estimate::high, estimate::low) ? assumption::driver_context : assumption::others;
}

/// The verdict on the devices.
[[nodiscard]] inline result<run_verdict> judge_devices(planner& p, const run& r,
                                                       const budget& at_high) {
  run_verdict v;
  const auto refused_at_high = at_high.first_refused(estimate::high);
  if (!at_high.aborts.empty() && !refused_at_high) v.kind = verdict_kind::fails_in_use;
  if (!refused_at_high && !at_high.gave_up_pipelining()) return v;
  const auto expected = p.budget_for(r, {}, {.at = estimate::expected});
  if (!expected) return expected.error();
  const auto refused = expected->first_refused(estimate::expected);
  if (!refused_at_high && !refused) return v;
  v.fails_at = refused ? refused : refused_at_high;
  v.decided_by = detail::deciding(at_high);
  if (!refused || !refused_at_high)
    v.kind = verdict_kind::tight;
  else if (const device_budget* d = expected->find_device(refused->device); d && d->spills())
    v.kind = verdict_kind::spills;
  else
    v.kind = is_in_use(refused->stage) ? verdict_kind::fails_in_use : verdict_kind::does_not_load;
  return v;
}

}  // namespace detail

result<run_verdict> judge(planner& p, const run& r, const budget& at_high) {
  auto v = detail::judge_devices(p, r, at_high);
  if (!v) return v;
  v->of_buffers = p.held_against().buffers_only;
  if (v->runs() && at_high.host.reads_from_disk()) v->kind = verdict_kind::reads_from_disk;
  if (!at_high.host.fits() && v->kind != verdict_kind::does_not_load) {
    *v = {};
    v->kind = verdict_kind::does_not_load;
  }
  return v;
}

}  // namespace vrambudget
