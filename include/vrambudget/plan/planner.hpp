// Budgets for one model on some devices. Kept for many runs, it reuses placements and graph memory.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/compute_bound.hpp"
#include "vrambudget/memory/compute_buffer.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/output_buffer.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/pool.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/explain.hpp"
#include "vrambudget/plan/projector_budget.hpp"

namespace vrambudget {

/// What a budget is held against.
struct limits {
  bytes reserve;              ///< kept free on every device, `--reserve`
  bool buffers_only = false;  ///< count the engine's own buffers and nothing else, `--buffers-only`
};

/// Plans runs of one model, alone or with a draft model beside it, on one set of devices. The models
/// must outlive it.
class planner {
 public:
  planner(const model& m, std::vector<device> devices, limits l = {}, const model* draft = nullptr,
          const projector* mmproj = nullptr)
      : model_(m),
        draft_model_(draft),
        projector_(mmproj),
        devices_(std::move(devices)),
        limits_(l) {}

  [[nodiscard]] const model& get_model() const { return model_; }
  /// The draft model; null: none of its own.
  [[nodiscard]] const model* draft_model() const { return draft_model_; }

  /// Lets budgets also say what the pools would be on other devices, `pool_elsewhere`. On those all else
  /// must be the same: as many, of the same buffers (cuda::same_buffers_from), with the same layers.
  void count_pools_on(std::vector<device> others) {
    elsewhere_.push_back(std::move(others));
    placed_.reset();
    draft_placed_.reset();
  }

  /// Every byte of a run. `seen` gets each graph; those of a draft as "draft prompt" and "draft generation".
  ///
  /// Errors:   invalid_argument  the engine refuses the run
  ///           overflow          a size needs more than 64 bits
  /// Accuracy: each term by its own basis
  [[nodiscard]] result<budget> budget_for(const run& given, const graph_observer& seen = {}) {
    const run r = with_draft_type(given, draft_model_);
    if (std::string why = refused_main(model_); !why.empty())
      return error{errc::invalid_argument, std::move(why)};
    if (std::string why = refused_draft(model_, draft_model_, r); !why.empty())
      return error{errc::invalid_argument, std::move(why)};
    auto params = effective_context(r, model_.hp);
    if (!params) return params.error();
    if (auto e = place(placed_, model_, r); !e.message.empty()) return e;
    planned main{*placed_, *params, {}, {}};
    const auto read = read_layers(model_, draft_model_, given);
    placed_->graphs.keep_layer_inputs(read);
    main.layout = layout_of(model_.architecture, model_.hp, main.context, main.where());

    budget b;
    b.n_gpu_layers = main.where().n_offloaded();
    for (std::size_t i = 0; i < main.at.devices.size(); ++i) {
      device_budget d;
      d.id = device_id(main.at.made_for, i);
      d.gpu = main.at.devices[i];
      d.usable = saturating_sub(d.gpu.free, limits_.reserve);
      b.devices.push_back(std::move(d));
    }
    if (auto e = plan_graphs(main, b, seen); !e.message.empty()) return e;
    b.context = main.context;
    b.prompt = main.compute.prompt;
    b.generation = main.compute.generation;
    add_terms(main, target_terms, true, b);
    b.host.add({"output_buffer", output_buffer_bytes(model_.hp, main.context, read.size()),
                basis::exact, explain(main).output_buffer()});
    if (!limits_.buffers_only) add_overheads(main, b);
    if (drafts(r))
      if (auto e = add_draft(r, main, b, seen); !e.message.empty()) return e;
    if (projector_)
      if (auto e = add_projector(r, b); !e.message.empty()) return e;
    if (r.split_mode == split_mode::tensor) assume_layers(b);
    if (b.host.used().overflowed() ||
        std::any_of(b.devices.begin(), b.devices.end(),
                    [](const device_budget& d) { return d.used().overflowed(); }))
      return error{errc::overflow, "a size of this run needs more than 64 bits"};
    return b;
  }

 private:
  /// What depends on where a model's tensors go, and not on the context.
  struct placed {
    placed(const model& model, std::vector<device> d, placement w, weights pw, const run& r)
        : m(model),
          devices(std::move(d)),
          where(std::move(w)),
          placed_weights(std::move(pw)),
          made_for(r),
          graphs(m, where, placed_weights, devices, r) {}
    const model& m;
    std::vector<device> devices;
    placement where;
    weights placed_weights;
    run made_for;
    graph_planner graphs;
    std::vector<std::vector<device>> elsewhere;
  };

  /// One context of a placed model: what it keeps, and what its graphs need.
  struct planned {
    placed& at;
    context_params context;
    memory_layout layout;
    compute_buffers compute;
    enum basis compute_basis = basis::exact;

    [[nodiscard]] const placement& where() const { return at.where; }
    [[nodiscard]] const engine_claims& claims() const { return at.made_for.profile.claims; }
  };

  /// Names of a context's terms.
  struct term_names {
    std::string_view weights, kv_cache, recurrent_state, compute_buffer;
  };
  static constexpr term_names target_terms = {"weights", "kv_cache", "recurrent_state",
                                              "compute_buffer"};
  static constexpr term_names draft_terms = {"draft_weights", "draft_kv_cache",
                                             "draft_recurrent_state", "draft_compute_buffer"};

  static bool same_overrides(const std::vector<tensor_override>& a,
                             const std::vector<tensor_override>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const tensor_override& x, const tensor_override& y) {
                        return x.pattern == y.pattern && x.buffer == y.buffer &&
                               x.after_cpu_moe == y.after_cpu_moe &&
                               x.after_cpu_ffn == y.after_cpu_ffn;
                      });
  }
  static bool same_place(const run& a, const run& b) {
    return a.n_gpu_layers == b.n_gpu_layers && a.split_mode == b.split_mode &&
           a.main_gpu == b.main_gpu && a.tensor_split == b.tensor_split && a.cpu_moe == b.cpu_moe &&
           a.n_cpu_moe == b.n_cpu_moe && a.n_cpu_ffn == b.n_cpu_ffn &&
           a.op_offload == b.op_offload && a.profile == b.profile &&
           loads_nextn(a) == loads_nextn(b) && same_overrides(a.overrides, b.overrides);
  }

  /// Places a model's tensors for `r` unless they lie so already.
  error place(std::unique_ptr<placed>& at, const model& m, const run& r) const {
    if (at && same_place(at->made_for, r)) return {};
    auto used = devices_of(r, devices_);
    if (!used) return used.error();
    auto where = place_layers(r, *used, m.hp.n_layer_all);
    if (!where) return where.error();
    auto pw = place_weights(m, *where, r, devices_.size());
    if (!pw) return pw.error();
    at = std::make_unique<placed>(m, std::move(*used), std::move(*where), std::move(*pw), r);
    for (const std::vector<device>& set : elsewhere_) {
      at->elsewhere.push_back(devices_of(r, set).value());
      at->graphs.count_pools_on(at->elsewhere.back());
    }
    return {};
  }

  /// Simulates the graphs of a context; without a description of them their buffers are a bound.
  error plan_graphs(planned& c, budget& b, const graph_observer& seen) const {
    if (!c.claims().compute_of(c.at.m.architecture)) c.compute_basis = basis::assumed;
    auto compute = c.at.graphs.plan(c.context, c.layout, seen);
    if (!compute && compute.error().code == errc::unsupported) {
      compute = compute_bound(c.at.m, c.context, c.at.devices.size());
      c.compute_basis = basis::bound;
      b.notes.push_back(unknown_note(c.at.m));
    }
    if (!compute) return compute.error();
    c.compute = std::move(*compute);
    c.context.flash_attn = c.compute.flash_attn;
    c.context.fa_auto = false;
    return {};
  }

  /// The draft's context, of its own model or of the target's NextN layers, and its terms.
  error add_draft(const run& r, const planned& main, budget& b, const graph_observer& seen) {
    const bool own = draft_model_ != nullptr;
    const model& m = own ? *draft_model_ : model_;
    auto params = draft_context(r, main.context, m.hp, own);
    if (!params) return in_draft(params.error());
    if (own) {
      if (auto e = place(draft_placed_, m, placement_of_draft(r)); !e.message.empty())
        return in_draft(e);
      draft_placed_->graphs.borrow_from(model_, main.at.placed_weights, main.where());
    }
    planned draft{own ? *draft_placed_ : *placed_, *params, {}, {}};
    draft.layout = reads_target_cache(m)
                       ? borrowed_layout(m.architecture, m.hp, draft.context, draft.where(),
                                         main.layout, model_.hp)
                       : layout_of(m.architecture, m.hp, draft.context, draft.where());
    const graph_observer as_draft = [&](const char* phase, const ggml::graph& g,
                                        const ggml::scheduler& s) {
      seen(std::string_view(phase) == "prompt" ? "draft prompt" : "draft generation", g, s);
    };
    if (auto e = plan_graphs(draft, b, seen ? as_draft : seen); !e.message.empty())
      return in_draft(e);
    add_terms(draft, draft_terms, own, b);
    if (own && draft.at.devices.size() > 1 && r.tensor_split.empty()) assume_split(b);
    b.host.add({"draft_output_buffer", output_buffer_bytes(m.hp, draft.context), basis::exact,
                explain(draft).output_buffer()});
    if (!limits_.buffers_only) add_pools(draft, b);
    b.draft = {type_of_draft(r),
               m.name,
               m.architecture,
               draft.context,
               draft.where().n_offloaded(),
               draft.compute.prompt,
               draft.compute.generation};
    return {};
  }
  /// The projector's encoders, all of them on one device or on the host.
  error add_projector(const run& r, budget& b) {
    projector_run pr = r.mmproj;
    pr.flash_attn = r.flash_attn;
    if (pr.offload && pr.device >= devices_.size() && !devices_.empty())
      return {errc::invalid_argument, "--mmproj-device CUDA" + std::to_string(pr.device) +
                                          ": there are " + std::to_string(devices_.size()) +
                                          " devices"};
    const bool on_device = pr.offload && !devices_.empty();
    auto p = plan_once(pr, on_device ? &devices_[pr.device] : nullptr, r.profile);
    if (!p) return {p.error().code, "the projector: " + p.error().message};
    if (const encoder_budget& e = p->encoders.front();
        e.n_embd > 0 && e.n_embd != model_.hp.n_embd_inp())
      return {errc::invalid_argument,
              "the projector does not go with this model: it gives " + std::to_string(e.n_embd) +
                  " values a token, the model takes " + std::to_string(model_.hp.n_embd_inp())};
    term_list& at = on_device ? device_of(b, pr.device) : b.host;
    for (const encoder_budget& e : p->encoders)
      add_encoder(e, on_device, !limits_.buffers_only, at, b);
    b.projector = std::move(*p);
    return {};
  }
  /// The device's budget; one that the run leaves out is added, as the projector's context takes part
  /// of it too.
  device_budget& device_of(budget& b, std::uint32_t i) const {
    const std::string id = "CUDA" + std::to_string(i);
    for (device_budget& d : b.devices)
      if (d.id == id) return d;
    device_budget d;
    d.id = id;
    d.gpu = devices_[i];
    d.usable = saturating_sub(d.gpu.free, limits_.reserve);
    if (!limits_.buffers_only) add_context(d);
    b.devices.push_back(std::move(d));
    return b.devices.back();
  }
  /// A search for a context repeats it; only these decide what it takes.
  result<projector_budget> plan_once(const projector_run& pr, const device* on,
                                     const engine_profile& profile) {
    if (!projector_plan_ || projector_plan_->run != pr ||
        projector_plan_->profile != profile.name) {
      auto p = plan_projector(*projector_, pr, on, profile.rules);
      if (!p) return p;
      projector_plan_ = {pr, profile.name, std::move(*p)};
    }
    return projector_plan_->budget;
  }

  static void assume_layers(budget& b) {
    for (device_budget& d : b.devices)
      for (term& t : d.terms) t.basis = std::max(t.basis, basis::assumed);
    b.notes.push_back("-sm tensor is not modelled: this is the plan of -sm layer");
  }
  /// The engine reads what is free for a draft's layers when the main model is loaded already.
  static void assume_split(budget& b) {
    for (device_budget& d : b.devices)
      for (term& t : d.terms)
        if (t.name.starts_with("draft_")) t.basis = std::max(t.basis, basis::assumed);
    b.notes.push_back(
        "without -ts the engine splits the draft by the memory the main model leaves free, this "
        "plan by what is free before");
  }
  static error in_draft(error e) {
    e.message = "the draft: " + e.message;
    return e;
  }

  static explainer explain(const planned& c) { return {c.at.m, c.context, c.layout, c.where()}; }

  /// What a context takes on each device and on the host. `with_weights`: its model is not counted yet.
  static void add_terms(const planned& c, const term_names& n, bool with_weights, budget& b) {
    const explainer why = explain(c);
    const int host = c.where().host();
    const auto cache_basis = c.at.m.is_known() && c.claims().caches ? basis::exact : basis::assumed;
    const auto add = [&](term_list& list, int backend, bytes compute) {
      if (with_weights)
        list.add({n.weights, c.at.placed_weights.on(backend), c.at.m.types_basis,
                  why.weights(c.at.placed_weights, backend)});
      list.add({n.kv_cache, kv_cache_bytes(c.layout, backend, host), cache_basis,
                why.kv_cache(backend)});
      if (c.layout.recurrent)
        list.add({n.recurrent_state, recurrent_state_bytes(*c.layout.recurrent, backend, host),
                  cache_basis, why.recurrent_state(backend)});
      list.add({n.compute_buffer, compute, c.compute_basis, why.compute_buffer(c.compute)});
    };
    for (std::size_t i = 0; i < c.at.devices.size(); ++i)
      add(b.devices[i], static_cast<int>(i), c.compute.device[i]);
    add(b.host, host, c.compute.host);
    if (with_weights && !c.at.m.types_note.empty()) b.notes.push_back(c.at.m.types_note);
  }

  /// What a process takes on each device besides the engine's buffers.
  void add_overheads(const planned& main, budget& b) const {
    for (device_budget& d : b.devices) add_context(d);
    add_pools(main, b);
  }
  static void add_context(device_budget& d) {
    d.add({"driver_context", d.gpu.driver_context.high, d.gpu.driver_context.basis,
           d.gpu.driver_context.note, d.gpu.driver_context.low});
  }
  /// Each context has backends, and with them pools, of its own.
  static void add_pools(const planned& c, budget& b) {
    const explainer why = explain(c);
    const auto pool_on = [&](std::size_t i, const device& d, const std::vector<pool_need>& need) {
      const bytes pool = need.empty() ? pool_ceiling(c.at.m, c.at.placed_weights,
                                                     static_cast<int>(i), d, c.context)
                                      : pool_bytes(need[i], d.cc);
      return pool + (i < c.compute.growth.size() ? c.compute.growth[i] : bytes{});
    };
    b.pool_elsewhere.resize(c.at.elsewhere.size(), std::vector<bytes>(c.at.devices.size()));
    for (std::size_t i = 0; i < c.at.devices.size(); ++i) {
      for (std::size_t s = 0; s < c.at.elsewhere.size(); ++s)
        b.pool_elsewhere[s][i] +=
            pool_on(i, c.at.elsewhere[s][i],
                    c.compute.pool.empty() ? c.compute.pool : c.compute.pool_elsewhere[s]);
      device_budget& d = b.devices[i];
      const bytes more = pool_on(i, d.gpu, c.compute.pool);
      const auto known = std::find_if(d.terms.begin(), d.terms.end(),
                                      [](const term& t) { return t.name == "pool"; });
      if (known != d.terms.end())
        known->size += more;
      else
        d.add({"pool", more, c.claims().pool ? basis::bound : basis::assumed,
               why.pool(c.compute, i)});
    }
  }

  [[nodiscard]] static std::string unknown_note(const model& m) {
    return m.is_known()
               ? "the graph of architecture '" + m.architecture +
                     "' is not described yet: its compute buffer is a bound, the rest is exact"
               : "architecture '" + m.architecture +
                     "' is unknown: weights are exact, the KV cache follows the standard formula, "
                     "the compute buffer is a bound";
  }

  const model& model_;
  const model* draft_model_;
  const projector* projector_;
  std::vector<device> devices_;
  limits limits_;
  std::vector<std::vector<device>> elsewhere_;
  std::unique_ptr<placed> placed_, draft_placed_;
  struct planned_projector {
    projector_run run;
    std::string_view profile;
    projector_budget budget;
  };
  std::optional<planned_projector> projector_plan_;
};

/// The budget of one run. `draft`: the model of `-md`; `mmproj`: the projector of `--mmproj`.
[[nodiscard]] inline result<budget> plan(const model& m, const run& r, std::vector<device> devices,
                                         limits l = {}, const model* draft = nullptr,
                                         const projector* mmproj = nullptr) {
  return planner(m, std::move(devices), l, draft, mmproj).budget_for(r);
}

}  // namespace vrambudget
