// The largest contexts of one run on many sets of devices: from lines along the context, which sets share on
// which the same graphs run.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/host_memory.hpp"
#include "vrambudget/plan/sweep.hpp"
#include "vrambudget/plan/sweep_curve.hpp"
#include "vrambudget/plan/sweep_kind.hpp"

namespace vrambudget::detail {

/// One model with one cache type and one number of slots, `axes.n_ctx` in rising order.
class context_lines {
 public:
  explicit context_lines(const sweep_axes& axes) : axes_(axes) {
    const model& m = *axes.models.front();
    std::map<sweep_kind::key, std::size_t> known;
    for (const std::vector<device>& set : axes.gpus) {
      const auto [at, is_new] = known.try_emplace(sweep_kind::key_of(axes, m, set), kinds_.size());
      if (is_new) kinds_.push_back({{&m, {}}, {}, {}});
      places_.push_back({at->second, kinds_[at->second].of.number_of(set)});
    }
  }

  /// Of each set the number of the last context on the axis that runs to its end, whatever the measured
  /// amounts are: max_context()'s. Nothing: none, or what is free decides over its buffers.
  [[nodiscard]] std::vector<std::optional<std::size_t>> take(const sweep_runner& run_all) {
    std::vector<std::optional<std::size_t>> last(places_.size());
    const auto always = [] { return true; };
    run_all(
        kinds_.size(), [&](std::size_t i) { plan(kinds_[i]); }, always);
    run_all(
        places_.size(), [&](std::size_t i) { last[i] = last_that_runs(i); }, always);
    return last;
  }

 private:
  struct kind {
    sweep_kind of;
    std::unique_ptr<sweep_curve> curve;
    std::unique_ptr<sweep_curve> in_turn;  ///< null: devices do not work at once
  };
  struct place {
    std::size_t kind, set;
  };
  /// Bytes left on the fullest device or the host; less than none: missing there.
  struct room {
    std::int64_t loaded = INT64_MAX, in_use = INT64_MAX;
  };

  void plan(kind& k) const {
    run r = axes_.base;
    r.type_k = axes_.cache_types.front().first;
    r.type_v = axes_.cache_types.front().second;
    r.n_parallel = axes_.n_parallel.front();
    k.curve = curve_of(k, r);
    if (k.curve->pipelined()) k.in_turn = curve_of(k, without_pipelining(r));
  }
  [[nodiscard]] std::unique_ptr<sweep_curve> curve_of(const kind& k, const run& r) const {
    planner p(*k.of.of, k.of.sets.front(), axes_.held_against, axes_.draft, axes_.mmproj);
    for (std::size_t s = 1; s < k.of.sets.size(); ++s) p.count_pools_on(k.of.sets[s]);
    return std::make_unique<sweep_curve>(p, r, axes_.n_ctx, budget_choice{.enforced = false});
  }

  [[nodiscard]] std::optional<std::size_t> last_that_runs(std::size_t set) const {
    const kind& k = kinds_[places_[set].kind];
    // a draft lies where room is left, and a projector that finds none does not keep a run from loading
    if (axes_.gpus[set].size() > 1 && (axes_.draft || axes_.mmproj)) return std::nullopt;
    const auto runs = [&](const sweep_curve& c) {
      return last_with(
          [&](std::size_t i) { return !c.at(i).refused && room_of(c, i, set).in_use >= 0; });
    };
    if (!k.in_turn) return runs(*k.curve);
    // Where the buffers for work at once are refused the engine does without. Where they just fit, nothing
    // may be left for what comes in use.
    const auto in_turn = runs(*k.in_turn);
    if (!in_turn || room_of(*k.curve, *in_turn, set).loaded < 0) return in_turn;
    return runs(*k.curve);
  }
  /// The last number that has a property which those before it have, too.
  template <class Has>
  [[nodiscard]] std::optional<std::size_t> last_with(Has has) const {
    std::size_t first = 0, beyond = axes_.n_ctx.size();
    if (beyond == 0 || !has(0)) return std::nullopt;
    while (first + 1 < beyond) {
      const std::size_t middle = first + (beyond - first) / 2;
      (has(middle) ? first : beyond) = middle;
    }
    return first;
  }

  [[nodiscard]] room room_of(const sweep_curve& c, std::size_t i, std::size_t number) const {
    const std::vector<device>& set = axes_.gpus[number];
    const sweep_amounts a = c.amounts_at(i);
    const auto as_number = [](bytes size) { return static_cast<std::int64_t>(size.count); };
    const bool told = !axes_.held_against.buffers_only;
    const std::int64_t host = a.host() + (told ? as_number(server_process.high) : 0);
    room least;
    if (const auto& ram = axes_.held_against.ram)
      least.loaded = least.in_use = as_number(*ram) - host;
    bool shares = false;
    for (std::size_t d = 0; d < c.devices().size(); ++d) {
      const device& on = set[c.devices()[d]];
      bytes usable = usable_of(on, axes_.held_against.reserve);
      if (on.unified && !shares) {
        const bytes of_host{static_cast<std::uint64_t>(host)};
        usable = saturating_sub(usable, on.taken_by_host(usable, of_host));
        shares = true;
      }
      std::int64_t left = as_number(usable);
      if (told)
        left -= as_number(on.driver_context.high + (c.drafts_on(d) ? on.draft_context : bytes{}));
      for (std::size_t n = 0; n < sweep_amounts::n_amounts; ++n) left -= a.of(d, n);
      left -= a.page_rounding(d, page_of(on.backend));
      const std::size_t kept = places_[number].set;
      const std::int64_t pool = a.pool(kept, d) + a.pool_rounding(kept, d, page_of(on.backend));
      least.loaded = std::min(least.loaded, left);
      least.in_use = std::min(least.in_use, left - pool);
    }
    return least;
  }

  const sweep_axes& axes_;
  std::vector<kind> kinds_;
  std::vector<place> places_;  ///< of each set
};

}  // namespace vrambudget::detail
