// How a run is planned, term by term; see planner.hpp.
#pragma once

#include <algorithm>
#include <string>

#include "vrambudget/memory/draft.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/slice_faults.hpp"
#include "vrambudget/plan/context_terms.hpp"
#include "vrambudget/plan/overheads.hpp"
#include "vrambudget/plan/planned_context.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/projector_budget.hpp"

namespace vrambudget {

namespace detail {

/// What cards that are one device need besides, and whether they can compute at all.
inline void add_division(const planned_context& c, budget& b) {
  if (!c.at.slicer) return;
  add_all_reduce(c, b);
  if (!b.aborts.empty()) return;
  b.aborts = fault_of_slices(c.m(), *c.at.slicer, c.at.placed_weights, c.layout,
                             c.where().backend_of(0), c.compute.attends_on_host);
  if (!b.aborts.empty()) b.notes.push_back({note_kind::tensor_split_aborts, b.aborts});
}

/// The engine reads what is free for a draft's layers when the main model is loaded already.
inline void assume_draft_split(budget& b) {
  for (device_budget& d : b.devices)
    for (term& t : d.terms)
      if (owner_of(t.kind) == term_owner::draft) t.basis = std::max(t.basis, basis::assumed);
  b.notes.push_back({note_kind::draft_split});
}

inline error in_draft(error e) { return {e.code, "the draft: " + e.message}; }

inline graph_observer as_draft(const graph_observer& seen) {
  if (!seen) return {};
  return [&seen](graph_phase p, const ggml::graph& g, const ggml::scheduler& s) {
    seen(p == graph_phase::prompt ? graph_phase::draft_prompt : graph_phase::draft_generation, g,
         s);
  };
}

}  // namespace detail

planner::planner(const model& m, std::vector<device> devices, limits l, const model* draft,
                 const projector* mmproj)
    : model_(m),
      draft_model_(draft),
      projector_(mmproj),
      devices_(std::move(devices)),
      limits_(l) {}
planner::planner(planner&&) noexcept = default;
planner::~planner() = default;

void planner::count_pools_on(std::vector<device> others) {
  elsewhere_.push_back(std::move(others));
  placed_.reset();
  draft_placed_.reset();
}

result<budget> planner::budget_for(const run& given, const graph_observer& seen) {
  const auto d = drafting_of(model_, draft_model_, given);
  if (!d) return d.error();
  budget b;
  const auto main = plan_main(*d, b, seen);
  if (!main) return main.error();
  if (d->by)
    if (auto added = add_draft(*d, *main, b, seen); !added) return added.error();
  if (projector_)
    if (auto added = add_projector(d->r, b); !added) return added.error();
  if (!limits_.buffers_only) add_unused_devices(b);
  if (d->r.split_mode == split_mode::tensor && devices_.size() > 1)
    b.notes.push_back({note_kind::nccl});
  if (b.host.used().overflowed() ||
      std::any_of(b.devices.begin(), b.devices.end(),
                  [](const device_budget& x) { return x.used().overflowed(); }))
    return error{errc::overflow, "a size of this run needs more than 64 bits"};
  return b;
}

device_budget planner::empty_budget(device_id id, const device& d) const {
  device_budget b;
  b.id = id;
  b.gpu = d;
  b.usable = saturating_sub(d.free, limits_.reserve);
  return b;
}

device_budget& planner::budget_of(budget& b, std::uint32_t device) const {
  const device_id id{.index = device};
  for (device_budget& d : b.devices)
    if (d.id == id) return d;
  device_budget added = empty_budget(id, devices_[device]);
  if (!limits_.buffers_only) detail::add_driver_context(added);
  b.devices.push_back(std::move(added));
  return b.devices.back();
}

void planner::add_unused_devices(budget& b) const {
  for (std::uint32_t i = 0; i < devices_.size(); ++i) budget_of(b, i);
  for (std::vector<bytes>& set : b.pool_elsewhere) set.resize(b.devices.size());
}

result<detail::planned_context> planner::plan_main(const drafting& d, budget& b,
                                                   const graph_observer& seen) {
  auto params = effective_context(d.r, model_.hp);
  if (!params) return params.error();
  if (auto placed = detail::place_model(placed_, model_, d.r, devices_, elsewhere_); !placed)
    return placed.error();
  placed_->graphs.keep_layer_inputs(d.read_layers);
  auto main =
      detail::plan_context(*placed_, *params, layout_of(model_, *params, placed_->where), seen);
  if (!main) return main.error();
  for (std::size_t i = 0; i < placed_->devices.size(); ++i)
    b.devices.push_back(empty_budget(id_of(d.r, i), placed_->devices[i]));
  b.n_gpu_layers = placed_->where.n_offloaded();
  b.context = main->context;
  b.prompt = main->compute.prompt;
  b.generation = main->compute.generation;
  detail::add_context_terms(*main, detail::main_terms, true, d.read_layers.size(), b);
  detail::add_division(*main, b);
  if (limits_.buffers_only) return main;
  for (device_budget& x : b.devices) detail::add_driver_context(x);
  detail::add_pools(*main, b);
  return main;
}

result<void> planner::add_draft(const drafting& d, const detail::planned_context& main, budget& b,
                                const graph_observer& seen) {
  const model& m = *d.by;
  auto params = draft_context(d, main.context);
  if (!params) return detail::in_draft(params.error());
  if (d.own_model) {
    if (auto placed =
            detail::place_model(draft_placed_, m, placement_of_draft(d.r), devices_, elsewhere_);
        !placed)
      return detail::in_draft(placed.error());
    draft_placed_->graphs.borrow_from(model_, main.at.placed_weights, main.where());
  }
  detail::placed_model& at = d.own_model ? *draft_placed_ : *placed_;
  auto draft = detail::plan_context(
      at, *params,
      reads_target_cache(m) ? borrowed_layout(m, *params, at.where, main.layout, model_.hp)
                            : layout_of(m, *params, at.where),
      detail::as_draft(seen));
  if (!draft) return detail::in_draft(draft.error());
  detail::add_context_terms(*draft, detail::draft_terms, d.own_model, 0, b);
  detail::add_division(*draft, b);
  if (d.own_model && at.where.n_devices() > 1 && d.r.tensor_split.empty())
    detail::assume_draft_split(b);
  if (!limits_.buffers_only) detail::add_pools(*draft, b);
  for (std::size_t i = 0; i < at.devices.size(); ++i) detail::add_draft_context(b.devices[i]);
  b.draft = {d.type,
             m.name,
             m.architecture,
             draft->context,
             at.where.n_offloaded(),
             draft->compute.prompt,
             draft->compute.generation};
  return {};
}

result<void> planner::add_projector(const run& r, budget& b) {
  projector_run pr = r.mmproj;
  pr.flash_attn = r.flash_attn;
  if (pr.offload && pr.device >= devices_.size() && !devices_.empty())
    return error{errc::invalid_argument, "--mmproj-device " + name(device_id{.index = pr.device}) +
                                             ": there are " + std::to_string(devices_.size()) +
                                             " devices"};
  const bool on_device = pr.offload && !devices_.empty();
  auto p = plan_projector_once(pr, on_device ? &devices_[pr.device] : nullptr, r.profile);
  if (!p) return error{p.error().code, "the projector: " + p.error().message};
  if (const encoder_budget& e = p->encoders.front();
      e.n_embd > 0 && e.n_embd != model_.hp.n_embd_inp())
    return error{errc::invalid_argument,
                 "the projector does not go with this model: it gives " + std::to_string(e.n_embd) +
                     " values a token, the model takes " + std::to_string(model_.hp.n_embd_inp())};
  term_list& at = on_device ? budget_of(b, pr.device) : b.host;
  for (const encoder_budget& e : p->encoders)
    add_encoder(e, on_device, !limits_.buffers_only, at, b);
  b.projector = std::move(*p);
  return {};
}

result<projector_budget> planner::plan_projector_once(const projector_run& pr, const device* on,
                                                      const engine_profile& profile) {
  if (!projector_plan_ || projector_plan_->run != pr || projector_plan_->profile != profile.name) {
    auto p = plan_projector(*projector_, pr, on, profile.rules);
    if (!p) return p;
    projector_plan_ = {pr, profile.name, std::move(*p)};
  }
  return projector_plan_->budget;
}

}  // namespace vrambudget
