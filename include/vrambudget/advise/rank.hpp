// Which of many models is best on some devices: each is planned alone. Which models there are is the caller's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "vrambudget/advise/least_on_host.hpp"
#include "vrambudget/advise/preference.hpp"
#include "vrambudget/advise/speed.hpp"
#include "vrambudget/basis.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// What all models are planned for.
struct ranking_question {
  std::vector<device> devices;
  limits held_against = {};
  run base = {};  ///< without a context: `min_ctx`, else 8192 or all that a model was trained for
  std::uint32_t min_ctx = 0;  ///< tokens that a model must take at least; 0: not said
  preference prefer = preference::quality;

  [[nodiscard]] run run_of(const model& m) const;
  /// Tokens that a model must hold, if it is to fit.
  [[nodiscard]] std::uint32_t wanted(const run& r) const { return std::max(r.n_ctx, min_ctx); }
  /// Whether models may leave a part to the host: where it is known what it has.
  [[nodiscard]] bool may_use_host() const {
    return held_against.ram && vrambudget::may_use_host(base, devices);
  }
};

/// A model as it was planned.
struct candidate {
  std::string architecture;
  std::uint64_t n_params = 0;
  double bits_per_weight = 0;
  std::uint32_t n_ctx_train = 0, n_ctx = 0;
  bytes weights, used;
  bytes spare;  ///< on the fullest device
  bytes host;   ///< what the host needs
  bool fits = false;
  enum basis types = basis::exact;    ///< of its tensors' types
  enum basis compute = basis::exact;  ///< of its compute buffers: the weakest of all devices
  std::string note = {};              ///< where the types are from
  context_limit largest =
      {};  ///< of one that fits; `n_ctx` 0: not looked for, it holds what is wanted
  on_host moved = on_host::nothing;
  bool has_experts = false;  ///< then those are what is moved of feed-forward tensors
  suggestion how = {};       ///< what the run changes, if anything is moved
  run planned = {};
  bool drafts = false;          ///< that run does, and how fast it is depends on the text
  context_params context = {};  ///< of that run
  std::optional<decode_speed> speed =
      {};  ///< with `n_ctx` tokens; absent: not known, or not looked for

  /// Tokens that it holds, as far as is known.
  [[nodiscard]] std::uint32_t holds() const { return std::max(n_ctx, largest.n_ctx); }
};

/// Fewer bits per weight than this lose too much to come first.
inline constexpr double good_bits = 4.0;

/// Whether one candidate comes before another: of those that fit the better one, of others the smaller one.
/// `a_near`: it lies on this disk, which counts more than all but that it fits. What leaves nothing to the host comes
/// first, then experts, feed-forward tensors, layers. `p`: what counts then, if both have enough bits: parameters and bits, for
/// balance too; what speed is expected, the bound where nothing is; tokens that it holds.
[[nodiscard]] bool is_better(const candidate& a, bool a_near, const candidate& b, bool b_near,
                             preference p = preference::quality);

/// Whether a model holds the tokens that are wanted, on the devices alone.
[[nodiscard]] bool holds(const ranking_question& q, const model& m);

/// A model that holds the tokens that are wanted, on the devices alone; nothing: it does not.
[[nodiscard]] std::optional<candidate> plan_if_fits(const ranking_question& q, const model& m);

/// The same with as few experts, or else layers, on the host as it takes; where context is preferred with all experts.
/// Its largest context is only looked for where that is preferred.
[[nodiscard]] std::optional<candidate> plan_with_host(const ranking_question& q, const model& m);

/// A model with its budget.
/// Errors: as planner::budget_for
[[nodiscard]] result<candidate> plan_candidate(const ranking_question& q, const model& m);

}  // namespace vrambudget
