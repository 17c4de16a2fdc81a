// The terms of one context on each device and on the host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/output_buffer.hpp"
#include "vrambudget/memory/tensors_like.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/explain.hpp"
#include "vrambudget/plan/host_memory.hpp"
#include "vrambudget/plan/planned_context.hpp"

namespace vrambudget::detail {

/// The kinds of a context's terms.
struct context_kinds {
  term_kind weights, repacked_weights, kv_cache, recurrent_state, compute_buffer, output_buffer;
};
inline constexpr context_kinds main_terms = {
    term_kind::weights,         term_kind::repacked_weights, term_kind::kv_cache,
    term_kind::recurrent_state, term_kind::compute_buffer,   term_kind::output_buffer};
inline constexpr context_kinds draft_terms = {
    term_kind::draft_weights,         term_kind::draft_repacked_weights,
    term_kind::draft_kv_cache,        term_kind::draft_recurrent_state,
    term_kind::draft_compute_buffer,  term_kind::draft_output_buffer};

/// What a reader should know of a context's terms.
inline void add_context_notes(const planned_context& c, bool with_weights, budget& b) {
  const model& m = c.m();
  if (c.compute_basis == basis::bound)
    b.notes.push_back(
        {m.is_known() ? note_kind::undescribed_graph : note_kind::undescribed_architecture,
         m.architecture});
  if (with_weights && !m.types_note.empty())
    b.notes.push_back({note_kind::tensor_types, m.types_note});
  if (with_weights)
    for (const std::string& pattern : c.at.placed_weights.unmatched)
      b.notes.push_back(
          {.kind = note_kind::override_unused, .about = pattern, .near = tensors_like(m, pattern)});
}

/// Adapters, wherever they lie.
inline void add_adapter_terms(const planned_context& c, budget& b) {
  const placed_adapters& all = c.at.adapted_by;
  const auto add = [&](term_list& list, int backend) {
    list.add({term_kind::adapters, all.pairs_on(backend) + all.directions_on(backend), basis::exact,
              explain_adapters(c, backend)});
  };
  for (std::size_t i = 0; i < c.at.devices.size(); ++i) add(b.devices[i], c.where().backend_of(i));
  add(b.host, c.where().host());
}

/// What a device maps of the file besides its tensors, in whole pages; those of the tensors are rounded up alone.
[[nodiscard]] inline bytes mapped_rest_on(const planned_context& c, std::size_t i) {
  const auto& mapped = c.at.mapped_on_card[i];
  const bytes page = page_of(c.at.devices[i].backend);
  return mapped ? saturating_sub(mapped->charged, in_pages(c.at.weights_on_card[i], page)) : bytes{};
}

inline void add_mapped_rest(const planned_context& c, enum basis known, budget& b) {
  if (c.m().path.empty()) known = std::max(known, basis::assumed);
  for (std::size_t i = 0; i < c.at.devices.size(); ++i)
    if (const auto& mapped = c.at.mapped_on_card[i])
      b.devices[i].grow({term_kind::mapped_rest, mapped_rest_on(c, i), known,
                         {why::mapped_tensors{mapped->size, !c.m().path.empty()}}});
}

/// Whether the order of a model's tensors is that of one file.
[[nodiscard]] inline bool is_one_file(const model& m) {
  return !m.path.empty() && m.path.find("-of-0") == std::string::npos;
}

/// Weights of the host, those that lie in it as in the file first. What a CPU repacks was recorded of x86
/// without matrix units only.
inline void add_host_weights(const planned_context& c, const context_kinds& kinds,
                             enum basis known, budget& b) {
  const int host = c.where().host();
  const weights& placed = c.at.placed_weights;
  const bytes plain = placed.on(host, false), repacked = placed.on(host, true);
  const std::optional<cpu_variant>& told = c.at.made_for.cpu;
  const cpu_variant& on = told ? *told : usual_cpu_beside(c.where());
  const bool is_recorded = told && !on.is_arm && !on.has(x86::amx_int8) &&
                           c.at.made_for.profile == default_profile;
  if (repacked.count > 0 && !is_recorded) known = std::max(known, basis::assumed);
  bytes range;
  if (c.at.made_for.mmap && maps_files(c.at.devices) && is_one_file(c.m()))
    range = mapped_range(c.m(), placed, host);
  b.host.add({kinds.weights, plain, known, explain_weights(c, host, range)});
  if (kinds.weights == term_kind::weights && range.count > 0) b.host.mapped_range = range;
  if (repacked.count == 0) return;
  b.host.add({kinds.repacked_weights, repacked, known, explain_repacked_weights(c, on)});
  if (!told && !b.host.repacked_for)
    b.notes.push_back({note_kind::cpu_not_told, std::string(on.name)});
  b.host.repacked_for = on;
}

/// Adds them. `with_weights`: its model is not counted yet. `n_read`: layers whose inputs a draft reads.
inline void add_context_terms(const planned_context& c, const context_kinds& kinds,
                              bool with_weights, std::size_t n_read, budget& b) {
  const int host = c.where().host();
  const bool knows_slices = c.m().is_known() && c.claims().slices;
  const auto divided = [&](enum basis whole, bool is_divided) {
    return is_divided && !knows_slices ? std::max(whole, basis::assumed) : whole;
  };
  const auto cache_basis =
      divided(c.m().is_known() && c.claims().caches ? basis::exact : basis::assumed,
              c.at.slicer.has_value());
  const auto weight_basis = divided(c.m().types_basis, c.at.slicer || c.at.rows);
  const auto add = [&](term_list& list, int backend, const memory_layout& kept, bytes compute) {
    const ggml::buffer_type buffers = c.where().cache_buffers(backend);
    list.add({kinds.kv_cache, kv_cache_bytes(kept, backend, buffers), cache_basis,
              explain_kv_cache(kept, backend)});
    if (kept.recurrent)
      list.add({kinds.recurrent_state, recurrent_state_bytes(*kept.recurrent, backend, buffers),
                cache_basis, explain_states(*kept.recurrent, backend)});
    list.add({kinds.compute_buffer, compute, c.compute_basis, explain_compute_buffer(c)});
  };
  for (std::size_t i = 0; i < c.at.devices.size(); ++i) {
    const int backend = c.where().backend_of(i);
    if (with_weights)
      b.devices[i].add({kinds.weights, c.at.weights_on_card[i], weight_basis,
                        explain_weights(c, backend)});
    add(b.devices[i], backend, c.layout_of(i), c.compute.device[i]);
  }
  if (with_weights) add_host_weights(c, kinds, weight_basis, b);
  add(b.host, host, c.layout, c.compute.host);
  b.host.add({kinds.output_buffer,
              output_buffer_bytes(c.m().hp, c.context, n_read) + host_tail_of(c.at.devices),
              basis::exact, explain_output_buffer(c)});
  if (with_weights) add_mapped_rest(c, weight_basis, b);
  add_context_notes(c, with_weights, b);
}

/// What of the weights no device can compute with, for its size.
inline void note_large_tensors(const planned_context& c, budget& b) {
  const std::uint64_t largest = c.where().largest_tensor();
  if (largest == 0) return;
  note large{.kind = note_kind::tensors_too_large, .to = static_cast<std::int64_t>(largest)};
  for (const placed_weight& w : c.at.placed_weights.all) {
    const model_tensor& t = c.m().tensors[w.tensor];
    if (t.size.count <= largest || w.backend != c.where().host()) continue;
    if (place_of(c.m(), stack_of(t.name)).kind == tensor_class::input) continue;  // it lies there anyhow
    ++large.n;
    large.size += t.size;
  }
  if (large.n > 0) b.notes.push_back(std::move(large));
}

/// What a reader should know of where the work is done.
inline void add_notes_of_devices(const planned_context& c, budget& b) {
  note_large_tensors(c, b);
  const run& r = c.at.made_for;
  const bool all_offloaded = !c.at.devices.empty() && c.where().n_offloaded() > c.m().hp.n_layer() &&
                             r.overrides.empty() && !r.cpu_moe && r.n_cpu_moe == 0 &&
                             r.n_cpu_ffn == 0 && r.offload_kqv;
  const std::uint64_t usual = c.at.slicer ? 2 : c.at.devices.size() + 1;
  if (all_offloaded && b.prompt.n_splits > usual)
    b.notes.push_back({.kind = note_kind::computed_on_host,
                       .n = static_cast<std::int64_t>(b.prompt.n_splits)});
}

}  // namespace vrambudget::detail
