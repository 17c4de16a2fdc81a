// Why each term of a context is what it is.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/plan/explanation.hpp"
#include "vrambudget/plan/planned_context.hpp"

namespace vrambudget::detail {

using explanations = std::vector<explanation>;

/// How many of some things lie on a backend.
template <class All>
[[nodiscard]] std::uint64_t count_on(int backend, const All& all) {
  return static_cast<std::uint64_t>(std::count_if(
      all.begin(), all.end(), [backend](const auto& x) { return x.backend == backend; }));
}

[[nodiscard]] inline std::uint64_t count_weights(const planned_context& c, int backend,
                                                 bool repacked) {
  const auto& all = c.at.placed_weights.all;
  return static_cast<std::uint64_t>(
      std::count_if(all.begin(), all.end(), [&](const placed_weight& w) {
        return w.backend == backend && (w.layout != cpu::layout::plain) == repacked;
      }));
}
[[nodiscard]] inline explanations explain_weights(const planned_context& c, int backend,
                                                  bytes range = {}) {
  const std::uint64_t alignment = c.where().buffers(backend).alignment;
  const bool on_cards = c.at.slicer && backend != c.where().host();
  return {why::tensors{count_weights(c, backend, false), static_cast<std::uint32_t>(alignment),
                       on_cards, range}};
}
[[nodiscard]] inline explanations explain_repacked_weights(const planned_context& c,
                                                           const cpu_variant& on) {
  return {why::repacked_tensors{count_weights(c, c.where().host(), true), on}};
}

[[nodiscard]] inline explanations explain_adapters(const planned_context& c, int backend) {
  const placed_adapters& all = c.at.adapted_by;
  why::adapters a{.pairs = all.pairs_on(backend), .directions = all.directions_on(backend)};
  for (const placed_lora& l : all.loras) a.n_pair += count_on(backend, l.pairs);
  for (std::uint32_t il = 1; il < c.m().hp.n_layer(); ++il)
    a.n_layer += c.where().layer_backend(il) == backend;
  return {a};
}

[[nodiscard]] inline explanations explain_adapter_growth(const planned_context& c) {
  return {why::adapted_graph{c.at.adapted_by.n_pairs()}};
}

[[nodiscard]] inline explanations explain_kv_cache(const memory_layout& kept, int backend) {
  explanations all;
  for (const kv_cache& k : kept.caches) {
    const std::uint64_t n_layer = count_on(backend, k.layers);
    if (n_layer == 0 || k.borrowed) continue;
    const kv_layer& first = *std::find_if(k.layers.begin(), k.layers.end(),
                                          [&](const kv_layer& l) { return l.backend == backend; });
    all.push_back(why::cache_cells{k.kind, n_layer, std::uint64_t{k.n_cell} * k.n_stream, k.type_k,
                                   k.type_v, first.k_width, first.v_width});
  }
  return all;
}

[[nodiscard]] inline explanations explain_states(const recurrent_state& r, int backend) {
  if (r.layers.empty()) return {};
  return {why::states{count_on(backend, r.layers), r.n_rows, r.layers[0].n_embd_r,
                      r.layers[0].n_embd_s}};
}

[[nodiscard]] inline explanations explain_compute_buffer(const planned_context& c) {
  const context_params& cp = c.context;
  if (c.compute.prompt.n_nodes == 0) return {why::compute_ceiling{cp.n_ubatch}};
  return {
      why::simulated_graph{c.compute.prompt, std::min(cp.n_ctx, cp.n_ubatch), cp.n_outputs_max}};
}

[[nodiscard]] inline explanations explain_pool(const planned_context& c, std::size_t device) {
  if (c.at.devices[device].backend == backend_kind::hip)
    return {why::measured{"pieces of the pool by the engine's rules, not compared with a card"}};
  if (c.compute.pool.empty()) return {why::pool_ceiling{c.context.n_ubatch}};
  return {why::scratch{c.compute.pool[device]}};
}

[[nodiscard]] inline explanations explain_growth(const planned_context& c) {
  if (!c.compute.projected.empty()) return {why::addresses{}};
  return {why::full_cache{c.context.n_ctx_seq}};
}

[[nodiscard]] inline explanations explain_output_buffer(const planned_context& c) {
  return {why::logits{c.context.n_seq_max, c.m().hp.n_vocab}};
}

}  // namespace vrambudget::detail
