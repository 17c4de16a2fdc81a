// Budgets for one model on some devices. Kept for many runs, it reuses placements and graph memory.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/graph_observer.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

struct drafting;
namespace detail {
struct context_kinds;
struct placed_model;
struct planned_context;
}  // namespace detail

/// Which of the ways that the engine may go a budget is for.
struct budget_choice {
  estimate at = estimate::high;  ///< of measured amounts: what is free decides over pipelining
  /// Off: memory never runs out, so pipelining is not given up, and a draft is split by what is free
  /// before the model is loaded.
  bool enforced = true;
  bool projected = false;  ///< context_params::projected, of all contexts
};

/// What a budget is held against.
struct limits {
  bytes reserve = {};         ///< kept free on every device, `--reserve`
  bool buffers_only = false;  ///< count the engine's own buffers and nothing else, `--buffers-only`
  std::optional<bytes> ram =
      {};  ///< what the host has, `--ram`; absent: unknown, no verdict about it
  /// The host's, for runs that tell no `--cpu`; absent: what is usual.
  std::optional<cpu_variant> cpu = {};
};

/// Plans runs of one model, alone or with a draft model or a projector beside it, on one set of devices. The
/// models must outlive it.
class planner {
 public:
  /// `draft`: the model of `-md`; `mmproj`: the projector of `--mmproj`; null: none.
  planner(const model& m, std::vector<device> devices, limits l = {}, const model* draft = nullptr,
          const projector* mmproj = nullptr);
  planner(planner&&) noexcept;
  ~planner();

  [[nodiscard]] const model& get_model() const { return model_; }
  [[nodiscard]] const std::vector<device>& devices() const { return devices_; }
  [[nodiscard]] const limits& held_against() const { return limits_; }
  /// The draft model; null: none of its own.
  [[nodiscard]] const model* draft_model() const { return draft_model_; }

  /// Lets budgets also say what the pools would be on other devices, `pool_elsewhere`. On those all else
  /// must be the same: as many, of the same buffers (cuda::same_buffers_from), with the same layers.
  void count_pools_on(std::vector<device> others);

  /// Every byte of a run. `seen` gets each graph of the model and of its draft.
  ///
  /// Errors:   invalid_argument  the engine refuses the run
  ///           overflow          a size needs more than 64 bits
  /// Accuracy: each term by its own basis
  [[nodiscard]] result<budget> budget_for(const run& given, const graph_observer& seen = {},
                                          budget_choice how = {});

 private:
  /// The run with the host's CPU, where it tells none.
  [[nodiscard]] run with_cpu(run r) const;
  /// How the host's terms lie there, and what else it holds.
  void finish_host(const run& r, budget& b) const;
  /// The budget of a device of the machine, with nothing but the driver's context.
  [[nodiscard]] device_budget empty_budget(std::uint32_t index) const;
  /// The number of the device's budget, which is added if the run has left it out so far.
  [[nodiscard]] std::size_t number_of(budget& b, std::uint32_t device) const;

  /// Asks for all that a context has when it is made. Where pipelined buffers do not fit, the engine makes
  /// smaller ones without, once.
  /// Source:   llama.cpp, src/llama-context.cpp: sched_reserve
  result<void> reserve(detail::planned_context& c, const detail::context_kinds& kinds,
                       bool with_weights, budget_choice how, budget& b,
                       const graph_observer& seen) const;
  result<detail::planned_context> plan_main(const drafting& d, budget_choice how, budget& b,
                                            const graph_observer& seen);
  /// A draft's own model lies where the main one has left memory.
  result<void> place_draft(const drafting& d, const detail::planned_context& main,
                           budget_choice how, const budget& b);
  /// The draft's context, of its own model or of the main one's NextN layers, and its terms.
  result<detail::planned_context> plan_draft(const drafting& d, const detail::planned_context& main,
                                             budget_choice how, budget& b,
                                             const graph_observer& seen);
  /// What is taken by and by, from the first prompt on. A null draft: none.
  void add_use(const detail::planned_context& main, const detail::planned_context* draft,
               budget& b) const;
  /// The projector's encoders, all of them on one device or on the host.
  result<void> add_projector(const run& r, budget& b);
  /// A search for a context repeats it; only these decide what it takes.
  result<projector_budget> plan_projector_once(const projector_run& pr, const device* on,
                                               const engine_profile& profile);

  const model& model_;
  const model* draft_model_;
  const projector* projector_;
  std::vector<device> devices_;
  limits limits_;
  std::vector<std::vector<device>> elsewhere_;
  std::unique_ptr<detail::placed_model> placed_, draft_placed_;
  struct planned_projector {
    projector_run run;
    std::string_view profile;
    projector_budget budget;
  };
  std::optional<planned_projector> projector_plan_;
};

/// The budget of one run.
[[nodiscard]] inline result<budget> plan(const model& m, const run& r, std::vector<device> devices,
                                         limits l = {}, const model* draft = nullptr,
                                         const projector* mmproj = nullptr) {
  return planner(m, std::move(devices), l, draft, mmproj).budget_for(r);
}

}  // namespace vrambudget
