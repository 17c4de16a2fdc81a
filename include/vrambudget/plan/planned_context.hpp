// One context of a placed model: what it keeps, and what its graphs need.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/memory/compute_bound.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/graph_observer.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/placed_model.hpp"

namespace vrambudget::detail {

struct planned_context {
  placed_model& at;
  context_params context;  ///< flash attention resolved
  memory_layout layout;
  compute_buffers compute = {};
  enum basis compute_basis = basis::exact;

  [[nodiscard]] const model& m() const { return at.m; }
  [[nodiscard]] const placement& where() const { return at.where; }
  [[nodiscard]] const engine_claims& claims() const { return at.made_for.profile.claims; }
  /// What it keeps on card `i`, as caches of the backend that the card is or is a part of.
  [[nodiscard]] memory_layout layout_of(std::size_t i) const {
    return at.slicer ? layout_on(*at.slicer, layout, where().backend_of(i), i) : layout;
  }
};

/// Simulates the graphs of a context and resolves flash attention.
///
/// Errors:   of graph_planner::plan(), unsupported excepted
[[nodiscard]] inline result<void> plan_compute(planned_context& c, const graph_observer& seen) {
  auto compute = c.at.graphs.plan(c.context, c.layout, seen);
  if (!compute && compute.error().code == errc::unsupported) {
    compute = compute_bound(c.m(), c.context, c.at.devices.size());
    c.compute_basis = basis::bound;
  }
  if (!compute) return compute.error();
  c.compute = std::move(*compute);
  c.context.flash_attn = c.compute.flash_attn;
  c.context.fa_auto = false;
  return {};
}

/// Whether the engine's buffers were recorded on such devices: other backends' than CUDA's of one release only, ROCm's
/// of none.
[[nodiscard]] inline bool is_recorded(const placed_model& at) {
  return std::all_of(at.devices.begin(), at.devices.end(), [&](const device& d) {
    return d.backend == backend_kind::cuda ||
           (d.backend != backend_kind::hip && at.made_for.profile == default_profile);
  });
}

/// Simulates the graphs of a context; without a description of them their buffers are a bound.
///
/// Errors:   of graph_planner::plan(), unsupported excepted
[[nodiscard]] inline result<planned_context> plan_context(placed_model& at,
                                                          const context_params& context,
                                                          memory_layout layout,
                                                          const graph_observer& seen) {
  planned_context c{at, context, std::move(layout)};
  if (!c.claims().compute_of(c.m().architecture) || !is_recorded(at))
    c.compute_basis = basis::assumed;
  if (auto done = plan_compute(c, seen); !done) return done.error();
  return c;
}

[[nodiscard]] inline pipelining pipelining_of(const planned_context& c) {
  return c.compute.pipelined           ? pipelining::used
         : c.context.pipeline_parallel ? pipelining::none
                                       : pipelining::given_up;
}

}  // namespace vrambudget::detail
