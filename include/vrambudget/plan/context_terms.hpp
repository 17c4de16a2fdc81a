// The terms of one context on each device and on the host.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/output_buffer.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/explain.hpp"
#include "vrambudget/plan/planned_context.hpp"

namespace vrambudget::detail {

/// Names of a context's terms.
struct term_names {
  std::string_view weights, kv_cache, recurrent_state, compute_buffer, output_buffer;
};
inline constexpr term_names main_terms = {"weights", "kv_cache", "recurrent_state",
                                          "compute_buffer", "output_buffer"};
inline constexpr term_names draft_terms = {"draft_weights", "draft_kv_cache",
                                           "draft_recurrent_state", "draft_compute_buffer",
                                           "draft_output_buffer"};

[[nodiscard]] inline explainer explain(const planned_context& c) {
  return {c.m(), c.context, c.layout, c.where()};
}

/// What a reader should know of a context's terms.
inline void add_context_notes(const planned_context& c, bool with_weights, budget& b) {
  const model& m = c.m();
  if (c.compute_basis == basis::bound)
    b.notes.push_back(
        m.is_known()
            ? "the graph of architecture '" + m.architecture +
                  "' is not described yet: its compute buffer is a bound, the rest is exact"
            : "architecture '" + m.architecture +
                  "' is unknown: weights are exact, the KV cache follows the standard "
                  "formula, the compute buffer is a bound");
  if (with_weights && !m.types_note.empty()) b.notes.push_back(m.types_note);
}

/// Adds them. `with_weights`: its model is not counted yet. `n_read`: layers whose inputs a draft reads.
inline void add_context_terms(const planned_context& c, const term_names& n, bool with_weights,
                              std::size_t n_read, budget& b) {
  const explainer why = explain(c);
  const int host = c.where().host();
  const auto cache_basis = c.m().is_known() && c.claims().caches ? basis::exact : basis::assumed;
  const auto add = [&](term_list& list, int backend, bytes compute) {
    if (with_weights)
      list.add({n.weights, c.at.placed_weights.on(backend), c.m().types_basis,
                why.weights(c.at.placed_weights, backend)});
    list.add(
        {n.kv_cache, kv_cache_bytes(c.layout, backend, host), cache_basis, why.kv_cache(backend)});
    if (c.layout.recurrent)
      list.add({n.recurrent_state, recurrent_state_bytes(*c.layout.recurrent, backend, host),
                cache_basis, why.recurrent_state(backend)});
    list.add({n.compute_buffer, compute, c.compute_basis, why.compute_buffer(c.compute)});
  };
  for (std::size_t i = 0; i < c.at.devices.size(); ++i)
    add(b.devices[i], static_cast<int>(i), c.compute.device[i]);
  add(b.host, host, c.compute.host);
  b.host.add({n.output_buffer, output_buffer_bytes(c.m().hp, c.context, n_read), basis::exact,
              why.output_buffer()});
  add_context_notes(c, with_weights, b);
}

}  // namespace vrambudget::detail
