// How a run is planned, term by term; see planner.hpp.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/slice_faults.hpp"
#include "vrambudget/plan/context_terms.hpp"
#include "vrambudget/plan/host_memory.hpp"
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
                             c.where().backend_of(0), c.compute);
  if (!b.aborts.empty()) b.notes.push_back({note_kind::tensor_split_aborts, b.aborts});
}

/// What becomes of the context that was asked for.
inline void add_length_notes(const run& r, const planned_context& c, budget& b) {
  const context_params& cp = c.context;
  if (r.n_ctx > 0 && cp.n_ctx != r.n_ctx)
    b.notes.push_back({.kind = note_kind::context_rounded, .n = r.n_ctx, .to = cp.n_ctx});
  const std::uint32_t trained = c.m().hp.n_ctx_train;
  if (trained > 0 && cp.n_ctx_seq > pad_n_ctx(trained))
    b.notes.push_back({.kind = note_kind::beyond_training, .n = cp.n_ctx_seq, .to = trained});
}

/// Devices with what the allocations so far leave of their memory, by which the engine splits a draft.
inline std::vector<device> devices_left(std::vector<device> all, const budget& b) {
  for (std::size_t i = 0; i < b.devices.size(); ++i) {
    bytes& free = all[b.devices[i].id.index].free;
    free = saturating_sub(free, b.devices[i].context_at(estimate::expected) + b.pages_on(i));
  }
  return all;
}

/// Whether one of the buffers for the first prompt graph is refused, which come after `n_before` others.
inline bool refuses_first_graph(const budget& b, std::size_t n_before, estimate at) {
  std::size_t n = n_before;
  while (n < b.allocations.size() && b.allocations[n].replaces.count == 0) ++n;
  return !b.first_refused(at, n_before) && b.first_refused(at, n);
}

/// That a build does not know what later ones do.
[[nodiscard]] inline error not_known_to(const engine_profile& by, const std::string& what,
                                        std::uint32_t since) {
  std::string why = what + " not known to llama.cpp " + std::string(by.name);
  const auto first = std::find_if(engine_profiles.rbegin(), engine_profiles.rend(),
                                  [&](const engine_profile& p) { return p.last_build >= since; });
  if (first != engine_profiles.rend())
    why += "; llama.cpp " + std::string(first->name) + " knows it: --engine " +
           std::string(first->name);
  return {errc::invalid_argument, std::move(why)};
}

/// Whether the build that is asked for knows a model's architecture and all that the file has of it.
[[nodiscard]] inline result<void> check_architecture(const model& m, const engine_profile& by) {
  const architecture_traits& t = *m.traits;
  std::uint32_t since = t.since;
  std::string what = "architecture '" + m.architecture + "' is";
  if (t.newer_tensor_since > by.last_build && m.find(t.newer_tensor)) {
    since = t.newer_tensor_since;
    what = "tensor '" + std::string(t.newer_tensor) + "' of " + m.architecture + " is";
  } else if (t.drafts_alone_since > by.last_build && m.hp.n_layer_nextn > 0 &&
             !m.find("blk.0.attn_norm.weight")) {
    since = t.drafts_alone_since;
    what = "NextN layers of " + m.architecture + " without the rest are";
  }
  if (since <= by.last_build) return {};
  return not_known_to(by, what, since);
}

/// The same of the types of a projector.
[[nodiscard]] inline result<void> check_projector(const projector& p, const engine_profile& by) {
  for (const encoder& e : p.encoders)
    if (e.type->since > by.last_build)
      return not_known_to(by, "type '" + e.type_name + "' is", e.type->since);
  return {};
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

result<budget> planner::budget_for(const run& given, const graph_observer& seen,
                                   budget_choice how) {
  const auto d = drafting_of(model_, draft_model_, with_cpu(given));
  if (!d) return d.error();
  budget b;
  const auto main = plan_main(*d, how, b, seen);
  if (!main) return main.error();
  std::optional<detail::planned_context> draft;
  if (d->by) {
    auto planned = plan_draft(*d, *main, how, b, seen);
    if (!planned) return detail::in_draft(planned.error());
    draft.emplace(std::move(*planned));
  }
  if (projector_)
    if (auto added = add_projector(d->r, b); !added) return added.error();
  add_use(*main, draft ? &*draft : nullptr, b);
  if (!limits_.buffers_only) detail::add_page_rounding(b);
  for (device_budget& x : b.devices)
    std::stable_sort(x.terms.begin(), x.terms.end(),
                     [](const term& s, const term& t) { return s.kind < t.kind; });
  if (d->r.split_mode == split_mode::tensor && devices_.size() > 1)
    b.notes.push_back({note_kind::nccl});
  finish_host(d->r, b);
  if (b.host.used().overflowed() ||
      std::any_of(b.devices.begin(), b.devices.end(),
                  [](const device_budget& x) { return x.used().overflowed(); }))
    return error{errc::overflow, "a size of this run needs more than 64 bits"};
  return b;
}

run planner::with_cpu(run r) const {
  if (!r.cpu) r.cpu = limits_.cpu;
  return r;
}

void planner::finish_host(const run& r, budget& b) const {
  b.host.ram = limits_.ram;
  if (!limits_.buffers_only) b.host.process = detail::server_process;
  for (term& t : b.host.terms) t.held = detail::residence_of(t.kind, r, devices_);
  detail::share_memory(b);
  detail::add_host_notes(b);
}

device_budget planner::empty_budget(std::uint32_t index) const {
  device_budget b;
  b.gpu = devices_[index];
  b.id = {b.gpu.backend, index};
  b.usable = usable_of(b.gpu, limits_.reserve);
  if (!limits_.buffers_only) detail::add_driver_context(b);
  return b;
}

std::size_t planner::number_of(budget& b, std::uint32_t device) const {
  for (std::size_t i = 0; i < b.devices.size(); ++i)
    if (b.devices[i].id.index == device) return i;
  b.devices.push_back(empty_budget(device));
  return b.devices.size() - 1;
}

result<void> planner::reserve(detail::planned_context& c, const detail::context_kinds& kinds,
                              bool with_weights, budget_choice how, budget& b,
                              const graph_observer& seen) const {
  detail::ask_for_contents(c, kinds, with_weights, b);
  const std::size_t n_before = b.allocations.size();
  detail::ask_for_compute(c, kinds.compute_buffer, b);
  b.decided.add(c.compute.decided);
  if (!c.compute.pipelined || !how.enforced) return {};
  if (!detail::refuses_first_graph(b, n_before, how.at)) return {};
  c.context.pipeline_parallel = false;
  if (auto again = detail::plan_compute(c, seen); !again) return again;
  b.decided.add(c.compute.decided);
  b.allocations.resize(n_before);
  detail::ask_for_compute(c, kinds.compute_buffer, b);
  return {};
}

result<detail::planned_context> planner::plan_main(const drafting& d, budget_choice how, budget& b,
                                                   const graph_observer& seen) {
  if (const auto known = detail::check_architecture(model_, d.r.profile); !known)
    return known.error();
  auto params = effective_context(d.r, model_.hp);
  if (!params) return params.error();
  if (auto placed = detail::place_model(placed_, model_, d.r, devices_, elsewhere_); !placed)
    return placed.error();
  params->projected = how.projected;
  placed_->graphs.keep_layer_inputs(d.read_layers);
  auto main =
      detail::plan_context(*placed_, *params, layout_of(model_, *params, placed_->where), seen);
  if (!main) return main.error();
  for (std::size_t i = 0; i < placed_->devices.size(); ++i)
    b.devices.push_back(empty_budget(index_of(d.r, i)));
  if (!limits_.buffers_only)  // every card that a process sees has a context of it
    for (std::size_t i = 0; i < devices_.size(); ++i)
      static_cast<void>(number_of(b, static_cast<std::uint32_t>(i)));
  if (auto done = reserve(*main, detail::main_terms, true, how, b, seen); !done)
    return done.error();
  detail::ask_for_directions(*main, b);
  b.n_gpu_layers = placed_->where.n_offloaded();
  b.context = main->context;
  b.prompt = main->compute.prompt;
  b.generation = main->compute.generation;
  b.pipelining = detail::pipelining_of(*main);
  if (b.pipelining == pipelining::given_up) b.notes.push_back({note_kind::pipelining_given_up});
  detail::add_notes_of_devices(*main, b);
  detail::add_context_terms(*main, detail::main_terms, true, d.read_layers.size(), b);
  detail::add_adapter_terms(*main, b);
  detail::add_division(*main, b);
  detail::add_slot_states(*main, d.r, b.host);
  detail::add_length_notes(d.r, *main, b);
  return main;
}

result<void> planner::place_draft(const drafting& d, const detail::planned_context& main,
                                  budget_choice how, const budget& b) {
  const model& m = *d.by;
  const run r = placement_of_draft(d.r);
  const std::vector<device> left = how.enforced ? detail::devices_left(devices_, b) : devices_;
  if (draft_placed_) {
    const auto used = devices_of(r, left);
    const auto where = used ? place_layers(r, *used, m.hp.n_layer_all) : used.error();
    if (!where || *where != draft_placed_->where) draft_placed_.reset();
  }
  if (auto placed = detail::place_model(draft_placed_, m, r, left, elsewhere_); !placed)
    return placed;
  draft_placed_->graphs.borrow_from(model_, main.at.placed_weights, main.where());
  return {};
}

result<detail::planned_context> planner::plan_draft(const drafting& d,
                                                    const detail::planned_context& main,
                                                    budget_choice how, budget& b,
                                                    const graph_observer& seen) {
  const model& m = *d.by;
  if (const auto known = detail::check_architecture(m, d.r.profile); !known) return known.error();
  auto params = draft_context(d, main.context);
  if (!params) return params.error();
  params->projected = how.projected;
  if (d.own_model)
    if (auto placed = place_draft(d, main, how, b); !placed) return placed.error();
  detail::placed_model& at = d.own_model ? *draft_placed_ : *placed_;
  const graph_observer as_draft = detail::as_draft(seen);
  auto draft = detail::plan_context(
      at, *params,
      reads_target_cache(m) ? borrowed_layout(m, *params, at.where, main.layout, model_.hp)
                            : layout_of(m, *params, at.where),
      as_draft);
  if (!draft) return draft.error();
  for (std::size_t i = 0; i < at.devices.size(); ++i) detail::add_draft_context(b.devices[i]);
  if (auto done = reserve(*draft, detail::draft_terms, d.own_model, how, b, as_draft); !done)
    return done.error();
  detail::add_context_terms(*draft, detail::draft_terms, d.own_model, 0, b);
  detail::add_division(*draft, b);
  detail::add_draft_states(*draft, b.host);
  b.draft = {d.type,
             m.name,
             m.architecture,
             draft->context,
             at.where.n_offloaded(),
             draft->compute.prompt,
             draft->compute.generation,
             detail::pipelining_of(*draft)};
  return draft;
}

void planner::add_use(const detail::planned_context& main, const detail::planned_context* draft,
                      budget& b) const {
  const bool told = !limits_.buffers_only;
  detail::add_pools(main, told, b);
  if (!draft) b.pool_rounding = detail::rounding_of_pools(main, told);
  if (told) detail::add_cpu_scratch(main, b);
  detail::add_adapter_growth(main, told, b);
  detail::add_growth(main, told, b);
  // buffers alone are those of the engine's books: a draft has not drafted there
  if (draft && told) {
    detail::add_pools(*draft, told, b);
    detail::add_cpu_scratch(*draft, b);
    detail::add_growth(*draft, told, b);
  }
  if (!b.projector) return;
  for (const encoder_budget& e : b.projector->encoders)
    add_encoder_use(e, b.projector->device, told, b);
}

result<void> planner::add_projector(const run& r, budget& b) {
  projector_run pr = r.mmproj;
  pr.flash_attn = r.flash_attn;
  const bool on_device = pr.offload && !devices_.empty();
  const std::uint32_t index = pr.device ? pr.device->index : 0;
  if (on_device && pr.device &&
      (index >= devices_.size() || devices_[index].backend != pr.device->backend))
    return error{errc::invalid_argument,
                 "--mmproj-device " + name(*pr.device) + ": the last of " +
                     std::to_string(devices_.size()) + " is " +
                     name(device_id{devices_.back().backend,
                                    static_cast<std::uint32_t>(devices_.size() - 1)})};
  auto p = plan_projector_once(pr, on_device ? &devices_[index] : nullptr, r.profile);
  if (!p) return error{p.error().code, "the projector: " + p.error().message};
  if (const encoder_budget& e = p->encoders.front();
      e.n_embd > 0 && e.n_embd != model_.hp.n_embd_inp())
    return error{errc::invalid_argument,
                 "the projector does not go with this model: it gives " + std::to_string(e.n_embd) +
                     " values a token, the model takes " + std::to_string(model_.hp.n_embd_inp())};
  if (on_device) p->device = number_of(b, index);
  for (const encoder_budget& e : p->encoders) add_encoder(e, p->device, b);
  b.projector = std::move(*p);
  return {};
}

result<projector_budget> planner::plan_projector_once(const projector_run& pr, const device* on,
                                                      const engine_profile& profile) {
  if (!projector_plan_ || projector_plan_->run != pr || projector_plan_->profile != profile.name) {
    if (auto known = detail::check_projector(*projector_, profile); !known) return known.error();
    auto p = plan_projector(*projector_, pr, on, profile.rules);
    if (!p) return p;
    projector_plan_ = {pr, profile.name, std::move(*p)};
  }
  return projector_plan_->budget;
}

}  // namespace vrambudget
