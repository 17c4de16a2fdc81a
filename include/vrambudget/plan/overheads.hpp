// What a process takes on each device besides the engine's buffers: the driver's context and pools.
#pragma once

#include <cstddef>
#include <vector>

#include "vrambudget/memory/pool.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/explain.hpp"
#include "vrambudget/plan/planned_context.hpp"

namespace vrambudget::detail {

inline void add_driver_context(device_budget& d) {
  const measured_range& own = d.gpu.driver_context;
  d.add({term_kind::driver_context,
         own.high,
         own.basis,
         {why::measured{own.note}},
         own.low,
         own.expected});
}

/// The pool of a context on its device of number `i`, were that `d`, and what compute buffers grow by.
[[nodiscard]] inline bytes pool_on(const planned_context& c, std::size_t i, const device& d,
                                   const std::vector<pool_need>& need) {
  const bytes pool =
      need.empty() ? pool_ceiling(c.m(), c.at.placed_weights, static_cast<int>(i), d, c.context)
                   : pool_bytes(need[i], d.cc);
  return pool + (i < c.compute.growth.size() ? c.compute.growth[i] : bytes{});
}

/// Each context has backends, and with them pools, of its own.
inline void add_pools(const planned_context& c, budget& b) {
  const std::size_t n_devices = c.at.devices.size(), n_sets = c.at.elsewhere.size();
  b.pool_elsewhere.resize(n_sets, std::vector<bytes>(n_devices));
  for (std::size_t i = 0; i < n_devices; ++i) {
    for (std::size_t s = 0; s < n_sets; ++s)
      b.pool_elsewhere[s][i] +=
          pool_on(c, i, c.at.elsewhere[s][i],
                  c.compute.pool.empty() ? c.compute.pool : c.compute.pool_elsewhere[s]);
    device_budget& d = b.devices[i];
    const bytes more = pool_on(c, i, d.gpu, c.compute.pool);
    if (term* const known = d.find(term_kind::pool))
      known->size += more;
    else
      d.add({term_kind::pool, more, c.claims().pool ? basis::bound : basis::assumed,
             explain_pool(c, i)});
  }
}

}  // namespace vrambudget::detail
