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
struct placed_model;
struct planned_context;
}  // namespace detail

/// What a budget is held against.
struct limits {
  bytes reserve;              ///< kept free on every device, `--reserve`
  bool buffers_only = false;  ///< count the engine's own buffers and nothing else, `--buffers-only`
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
  [[nodiscard]] result<budget> budget_for(const run& given, const graph_observer& seen = {});

 private:
  /// The budget of a device of the machine, without terms.
  [[nodiscard]] device_budget empty_budget(device_id id, const device& d) const;
  /// The device's budget; one that the run leaves out is added with the driver's context, for a projector
  /// takes part of it.
  device_budget& budget_of(budget& b, std::uint32_t device) const;
  /// The driver makes a context on every device that a process sees, used or not.
  void add_unused_devices(budget& b) const;

  result<detail::planned_context> plan_main(const drafting& d, budget& b,
                                            const graph_observer& seen);
  /// The draft's context, of its own model or of the main one's NextN layers, and its terms.
  result<void> add_draft(const drafting& d, const detail::planned_context& main, budget& b,
                         const graph_observer& seen);
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
