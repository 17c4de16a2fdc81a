// What a context asks of its devices, in the engine's order.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "vrambudget/backends/meta/backend.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/context_terms.hpp"
#include "vrambudget/plan/planned_context.hpp"

namespace vrambudget::detail {

/// Devices as the engine goes through its buffers, which it keeps by their names: CUDA10 before CUDA2.
[[nodiscard]] inline std::vector<std::size_t> by_name(const budget& b, std::size_t n_devices) {
  std::vector<std::size_t> order(n_devices);
  for (std::size_t i = 0; i < n_devices; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) {
    return name(b.devices[x].id) < name(b.devices[y].id);
  });
  return order;
}

/// Whether cards add up partial results with scratch of their own.
[[nodiscard]] inline bool has_all_reduce(const planned_context& c) {
  const auto& cards = c.at.devices;
  return c.at.slicer && cards.size() == meta::all_reduce_cards &&
         std::all_of(cards.begin(), cards.end(),
                     [](const device& d) { return d.cc >= meta::all_reduce_from_cc; });
}

/// Weights, a buffer a device, and one for each adapter; then one for each module of the caches. Cards that are one device have scratch
/// for their sums before.
///
/// Source:   llama.cpp, src/llama-model.cpp: load_tensors; src/llama-adapter.cpp; src/llama-kv-cache.cpp,
///           llama-memory-*.cpp
inline void ask_for_contents(const planned_context& c, const context_kinds& kinds,
                             bool with_weights, budget& b) {
  const auto buffers = [&](std::size_t i) {
    return c.where().cache_buffers(c.where().backend_of(i));
  };
  const std::vector<std::size_t> order = by_name(b, c.at.devices.size());
  const auto each = [&](term_kind stage, auto&& size_on) {
    for (const std::size_t i : order) b.ask({stage, i, size_on(i)});
  };
  if (with_weights) {
    each(kinds.weights, [&](std::size_t i) { return c.at.weights_on_card[i]; });
    each(term_kind::mapped_rest, [&](std::size_t i) { return mapped_rest_on(c, i); });
    for (const placed_lora& l : c.at.adapted_by.loras)
      each(term_kind::adapters, [&](std::size_t i) { return l.on(c.where().backend_of(i)); });
  }
  if (has_all_reduce(c))
    each(term_kind::all_reduce, [](std::size_t) { return meta::all_reduce_scratch; });
  for (std::size_t k = 0; k < c.layout.caches.size(); ++k)
    each(kinds.kv_cache, [&](std::size_t i) {
      return kv_cache_bytes(c.layout_of(i).caches[k], c.where().backend_of(i), buffers(i));
    });
  for (std::size_t k = 0; k < c.layout.compressors.size(); ++k)
    each(kinds.kv_cache, [&](std::size_t i) {
      return compressor_state_bytes(c.layout_of(i).compressors[k], c.where().backend_of(i),
                                    buffers(i));
    });
  if (c.layout.recurrent)
    each(kinds.recurrent_state, [&](std::size_t i) {
      return recurrent_state_bytes(*c.layout_of(i).recurrent, c.where().backend_of(i), buffers(i));
    });
}

/// A control vector's rows, after the context.
///
/// Source:   llama.cpp, common/common.cpp: common_init_from_params
inline void ask_for_directions(const planned_context& c, budget& b) {
  for (const std::size_t i : by_name(b, c.at.devices.size()))
    b.ask({term_kind::adapters, i, c.at.adapted_by.directions_on(c.where().backend_of(i))});
}

/// Compute buffers as the first prompt graph wants them, then those that another graph wants larger.
///
/// Source:   llama.cpp, src/llama-context.cpp: sched_reserve
inline void ask_for_compute(const planned_context& c, term_kind stage, budget& b) {
  const std::size_t n = c.at.devices.size();
  for (std::size_t i = 0; i < n; ++i) b.ask({stage, i, c.compute.at_first[i]});
  for (std::size_t i = 0; i < n; ++i)
    if (c.compute.device[i] > c.compute.at_first[i])
      b.ask({stage, i, c.compute.device[i], c.compute.at_first[i]});
}

}  // namespace vrambudget::detail
