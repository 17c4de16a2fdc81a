// What a process takes on each device besides the engine's buffers: the driver's context and pools,
// what buffers grow by, and the rest of their pages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/backends/growth.hpp"
#include "vrambudget/backends/meta/backend.hpp"
#include "vrambudget/memory/pool.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/context_allocations.hpp"
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

/// A draft's context of the engine has streams, handles and graphs of its own on each device it uses.
inline void add_draft_context(device_budget& d) {
  term* const own = d.find(term_kind::driver_context);
  if (own == nullptr) return;
  own->size += d.gpu.draft_context;
  *own->expected += d.gpu.draft_context;
}

/// What card `i` draws for rows of other cards' products.
[[nodiscard]] inline bytes row_scratch(const planned_context& c, std::size_t i) {
  bytes most;
  if (!c.at.rows || c.at.devices.size() < 2) return most;
  for (const placed_weight& w : c.at.placed_weights.all) {
    if (!c.at.divides(w)) continue;
    const model_tensor& t = c.m().tensors[w.tensor];
    const bool is_output = place_of(c.m(), stack_of(t.name)).kind != tensor_class::repeating;
    const std::uint64_t n_tokens = c.context.n_ubatch, n_rows = c.context.n_outputs_max;
    const std::uint64_t n = is_output ? std::min(n_tokens, n_rows) : n_tokens;
    most = std::max(most, c.at.rows->scratch_on(i, t, n));
  }
  return pad(most, cuda::pool_granularity);
}

/// The pool of a context on its device of number `i`, were that `d`, and what cards that are one device
/// receive each other's sums in. `told`: all that a server's batches may draw; else what full micro-batches
/// of one sequence do.
[[nodiscard]] inline bytes pool_on(const planned_context& c, std::size_t i, const device& d,
                                   const std::vector<pool_need>& need, bool told) {
  const bytes pool =
      need.empty() ? pool_ceiling(c.m(), c.at.placed_weights, c.where().backend_of(i), d, c.context)
      : told       ? pool_bytes(need[i], d.cc)
                   : pool_of_whole_batches(need[i], d.cc);
  return pool + c.compute.partial_sum * meta::reduce_steps(c.at.devices.size()) + row_scratch(c, i);
}

/// Two cards that are one device add up partial results with scratch for it; each context has its own.
inline void add_all_reduce(const planned_context& c, budget& b) {
  if (!has_all_reduce(c)) return;
  for (std::size_t i = 0; i < c.at.devices.size(); ++i)
    b.devices[i].grow({term_kind::all_reduce,
                       meta::all_reduce_scratch,
                       basis::exact,
                       {why::all_reduce{meta::all_reduce_scratch}}});
  b.host.grow({term_kind::all_reduce,
               meta::all_reduce_on_host,
               basis::exact,
               {why::all_reduce{meta::all_reduce_scratch}}});
}

/// What a Vulkan context keeps for its kernels. `need`: per device; empty: its graphs are not described.
[[nodiscard]] inline growth growth_on_vulkan(const planned_context& c, std::size_t i,
                                             const device& d, const std::vector<pool_need>& need,
                                             bool told) {
  if (need.empty()) {
    const bytes most =
        kept_ceiling(c.m(), c.at.placed_weights, c.where().backend_of(i), d, c.context);
    return {most, most};
  }
  return {need[i].of_whole_batches, told ? need[i].scratch : need[i].of_whole_batches};
}

/// What a context takes in use where drivers decide what kernels draw, or no card was seen; nothing: neither.
/// `need`, `told`: as of pool_on.
[[nodiscard]] inline std::optional<growth> estimated_growth(const planned_context& c, std::size_t i,
                                                            const device& d,
                                                            const std::vector<pool_need>& need,
                                                            bool told) {
  switch (d.backend) {
    case backend_kind::vulkan:
      return growth_on_vulkan(c, i, d, need, told);
    case backend_kind::hip:
      return growth_on_hip(c.m(), c.at.placed_weights, c.where().backend_of(i), d, c.context);
    case backend_kind::metal:  // all of it is in the compute buffer
      return growth{};
    case backend_kind::cuda:
      break;
  }
  return std::nullopt;
}

inline void add_estimated_growth(const planned_context& c, const growth& more, std::size_t i,
                                 bool told, budget& b) {
  if (more.most.count == 0) return;
  b.ask({term_kind::pool, i, more.most});
  if (!told) return;
  const bool is_first = !b.devices[i].find(term_kind::pool);
  b.devices[i].grow({term_kind::pool,
                     more.most,
                     basis::assumed,
                     is_first ? explain_pool(c, i) : explanations{},
                     more.usual,
                     more.usual});
}

/// Each context has backends, and with them pools, of its own. `told`: they are terms.
inline void add_pools(const planned_context& c, bool told, budget& b) {
  const std::size_t n_devices = c.at.devices.size(), n_sets = c.at.elsewhere.size();
  b.pool_elsewhere.resize(n_sets, std::vector<bytes>(b.devices.size()));
  for (std::size_t i = 0; i < n_devices; ++i) {
    for (std::size_t s = 0; s < n_sets; ++s) {
      const device& there = c.at.elsewhere[s][i];
      const std::vector<pool_need>& need =
          c.compute.pool.empty() ? c.compute.pool : c.compute.pool_elsewhere[s];
      if (const auto more = estimated_growth(c, i, there, need, told))
        b.pool_elsewhere[s][i] += more->most;
      else
        b.pool_elsewhere[s][i] += pool_on(c, i, there, need, told);
    }
    device_budget& d = b.devices[i];
    if (const auto more = estimated_growth(c, i, d.gpu, c.compute.pool, told)) {
      add_estimated_growth(c, *more, i, told, b);
      continue;
    }
    const bytes more = pool_on(c, i, d.gpu, c.compute.pool, told);
    b.ask({term_kind::pool, i, more});
    if (!told) continue;
    if (term* const known = d.find(term_kind::pool))
      known->size += more;
    else
      d.add({term_kind::pool, more, c.claims().pool ? basis::bound : basis::assumed,
             explain_pool(c, i)});
  }
}

/// budget::pool_rounding, for a context whose pools are the only ones.
[[nodiscard]] inline std::vector<std::vector<bytes>> rounding_of_pools(const planned_context& c,
                                                                       bool told) {
  const compute_buffers& k = c.compute;
  const bool is_rounded =
      !k.pool.empty() && k.partial_sum.count == 0 && !c.at.rows &&
      std::all_of(c.at.devices.begin(), c.at.devices.end(),
                  [](const device& d) { return d.backend == backend_kind::cuda; });
  if (!is_rounded) return {};
  std::vector<std::vector<bytes>> all;
  const auto add = [&](const std::vector<pool_need>& set) {
    all.emplace_back();
    for (const pool_need& need : set) {
      const bytes drawn = told ? need.scratch : need.of_whole_batches;
      all.back().push_back(saturating_sub(pad(drawn, cuda::pool_granularity), drawn));
    }
  };
  add(k.pool);
  for (const std::vector<pool_need>& set : k.pool_elsewhere) add(set);
  return all;
}

/// What the CPU takes for the operations that it computes, in each context.
inline void add_cpu_scratch(const planned_context& c, budget& b) {
  const auto& [low, expected, high] = c.compute.cpu_scratch;
  if (term* const known = b.host.find(term_kind::cpu_scratch)) {
    known->size += high;
    *known->low += low;
    *known->expected += expected;
    return;
  }
  b.host.add({term_kind::cpu_scratch, high, basis::assumed,
              {why::measured{"operands of the largest product in the CPU's own types and tiles of "
                             "attention, with 4, 8 and 32 threads"}},
              low, expected});
}

/// What compute buffers grow by once adapters are applied, at the first prompt.
inline void add_adapter_growth(const planned_context& c, bool told, budget& b) {
  const auto grow = [&](term_list& list, bytes more) {
    if (told)
      list.grow({term_kind::adapter_growth, more, c.compute_basis, explain_adapter_growth(c)});
  };
  for (std::size_t i = 0; i < c.compute.adapter_growth.size(); ++i) {
    const bytes more = c.compute.adapter_growth[i], before = c.compute.device[i];
    grow(b.devices[i], more);
    if (more.count > 0) b.ask({term_kind::adapter_growth, i, before + more, before});
  }
  grow(b.host, c.compute.adapter_growth_on_host);
}

/// What compute buffers grow by until the cache is full, or are larger by than the engine projects.
inline void add_growth(const planned_context& c, bool told, budget& b) {
  for (std::size_t i = 0; i < c.compute.growth.size(); ++i) {
    const bytes more = c.compute.growth[i],
                before = c.compute.device[i] + c.compute.adapter_growth[i];
    if (told)
      b.devices[i].grow({term_kind::compute_growth, more, c.compute_basis, explain_growth(c)});
    if (more.count > 0) b.ask({term_kind::compute_growth, i, before + more, before});
  }
  if (told)
    b.host.grow({term_kind::compute_growth, c.compute.growth_on_host, c.compute_basis,
                 explain_growth(c)});
}

/// What buffers leave unused of their last pages.
inline void add_page_rounding(budget& b) {
  std::vector<bytes> rounding(b.devices.size());
  for (const allocation& a : b.allocations) {
    if (!b.devices[a.device].find(a.stage)) continue;  // not told of
    const bytes page = page_of(b.devices[a.device].gpu.backend);
    const auto unused = [&](bytes size) { return saturating_sub(in_pages(size, page), size); };
    rounding[a.device] = saturating_sub(rounding[a.device], unused(a.replaces)) + unused(a.size);
  }
  for (std::size_t i = 0; i < rounding.size(); ++i)
    b.devices[i].add({term_kind::page_rounding, rounding[i], basis::exact,
                      {why::pages{page_of(b.devices[i].gpu.backend)}}});
}

}  // namespace vrambudget::detail
