// Which of many models is best on some devices: each is planned alone. Which models there are is the caller's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

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

  [[nodiscard]] run run_of(const model& m) const;
  /// Tokens that a model must hold, if it is to fit.
  [[nodiscard]] std::uint32_t wanted(const run& r) const { return std::max(r.n_ctx, min_ctx); }
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
  context_limit largest = {};         ///< of one that fits
};

/// Fewer bits per weight than this lose too much to come first.
inline constexpr double good_bits = 4.0;

/// Whether one candidate comes before another: of those that fit the better one, of others the smaller one.
/// `a_near`: it lies on this disk, which counts more than all but that it fits.
[[nodiscard]] inline bool is_better(const candidate& a, bool a_near, const candidate& b,
                                    bool b_near) {
  if (!a.fits && !b.fits) return a.used < b.used;
  const auto rank = [](const candidate& c, bool near) {
    return std::tuple(c.fits, near, c.bits_per_weight >= good_bits, c.n_params, c.bits_per_weight);
  };
  return rank(a, a_near) > rank(b, b_near);
}

/// Whether a model holds the tokens that are wanted; one whose weights alone exceed a device is not planned.
[[nodiscard]] bool fits(const ranking_question& q, const model& m);

/// A model with its budget.
/// Errors: as planner::budget_for
[[nodiscard]] result<candidate> plan_candidate(const ranking_question& q, const model& m);

}  // namespace vrambudget
