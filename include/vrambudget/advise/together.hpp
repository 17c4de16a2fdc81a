// Several models at once: each a server of its own, with its own driver context, pools and buffers, on the same
// devices and the same host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/projector.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// More are not planned: subsets are looked at one by one.
inline constexpr std::size_t most_together = 8;

/// Models that are to be loaded one after the other, in this order, and how each is run. They must outlive it.
struct together_question {
  std::vector<const model*> models;
  std::vector<device> devices;
  limits held_against = {};
  run r = {};  ///< of each; its context is `n_ctx`
  /// Tokens of each; 0: its training length. Absent: the largest that all can have together.
  std::optional<std::uint32_t> n_ctx = {};
  const model* draft = nullptr;       ///< `-md`, beside each
  const projector* mmproj = nullptr;  ///< `--mmproj`, beside each
};

/// What all of them take of one device.
struct shared_device {
  device_id id;
  device gpu;
  std::vector<bytes> used;  ///< by each, at the high ends of what is measured
  bytes total;              ///< the sum
  bytes total_expected;     ///< the sum of what is expected
  bytes usable;             ///< of all: free memory less the reserve and what the host holds of it
  enum basis basis = basis::exact;  ///< the weakest of the sum

  /// The same if other programs hold what they are expected to.
  [[nodiscard]] bytes usable_at(estimate e) const {
    return gpu.others ? usable + saturating_sub(gpu.others->high, gpu.others->at(e)) : usable;
  }
  [[nodiscard]] bool fits() const { return total <= usable; }
  [[nodiscard]] bool fits_as_expected() const {
    return total_expected <= usable_at(estimate::expected);
  }
  [[nodiscard]] bytes spare() const { return saturating_sub(usable, total); }
  [[nodiscard]] bytes missing() const { return saturating_sub(total, usable); }
};

/// What all of them take of the host.
struct shared_host {
  std::vector<bytes> needed;      ///< by each: host_budget::needed() less what is shared
  std::vector<bytes> shared;      ///< of each: parts of files that one before it maps, too
  bytes total;                    ///< the sum of what is needed
  bytes resident;                 ///< of that what must stay in memory
  std::optional<bytes> ram = {};  ///< what they may take; absent: unknown

  [[nodiscard]] std::optional<bytes> spare() const {
    return ram ? std::optional(saturating_sub(*ram, total)) : std::nullopt;
  }
};

/// Some of the models at once.
struct together_plan {
  std::vector<std::size_t> models;  ///< their numbers among those that are asked about
  std::vector<budget> budgets;      ///< of each, on what those before it leave
  std::vector<shared_device> devices;
  shared_host host;
  verdict_kind verdict = verdict_kind::fits;

  [[nodiscard]] bool runs() const {
    return verdict == verdict_kind::fits || verdict == verdict_kind::tight;
  }
};

/// One after the other, each unloaded before the next is loaded: the most that any of them takes alone.
struct swap_need {
  std::vector<bytes> devices;        ///< by their numbers in together_plan::devices
  std::vector<std::size_t> largest;  ///< which model that is, of each
  bytes host;
  bool runs = false;  ///< whether each runs alone
};

struct together_answer {
  together_plan all;
  /// The largest context that all can have, those trained for less theirs; 0: not even 256 tokens fit.
  std::uint32_t max_ctx = 0;
  bool by_training = false;  ///< what binds it: the longest training; else memory
  /// Where not all run together: the largest sets that do, by the most models. Empty: none of them runs.
  std::vector<std::vector<std::size_t>> subsets = {};
  std::optional<swap_need> swap = {};  ///< the same; absent: all run together
};

/// The budgets of all models at once, the sums, and what is left.
///
/// Formula:  per device: sum over models of device_budget::used(); per host: sum of host_budget::needed(), of
///           weights that several map from the same file once, since the system keeps a file's pages once.
///           Of several devices the engine splits a model by what is free: each is planned on what those
///           before it leave
/// Errors:   invalid_argument  less than two models, more than most_together, or the engine refuses one
///           those of planner::budget_for
/// Accuracy: as planner::budget_for
[[nodiscard]] result<together_answer> plan_together(const together_question& q);

}  // namespace vrambudget
