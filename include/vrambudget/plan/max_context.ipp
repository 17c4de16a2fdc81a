// The search for a context; see max_context.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

namespace detail {

/// Budgets along the context, counted in steps of the engine's grid.
class context_search {
 public:
  context_search(planner& p, run r) : p_(p), r_(std::move(r)) {
    grid_ = n_ctx_multiple * (unified(r_) ? 1 : sequences(r_));
  }

  [[nodiscard]] std::uint64_t grid() const { return grid_; }

  /// What a budget says of one context.
  struct sample {
    double load_room = 0, room = 0;  ///< on the fullest device or the host; negative: missing there
    bool given_up = false;           ///< pipelining was
    device_id full = {};             ///< refuses an allocation
    context_bound by = context_bound::device;  ///< what is full, if anything is

    [[nodiscard]] bool loads() const { return load_room >= 0; }
    [[nodiscard]] bool runs() const { return room >= 0; }
  };

  /// Each context is planned once, however often it is asked for.
  [[nodiscard]] result<sample> at(std::uint64_t steps) {
    for (const auto& [known, s] : known_)
      if (known == steps) return s;
    r_.n_ctx = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(steps * grid_, UINT32_MAX / grid_ * grid_));
    const result<budget> b = p_.budget_for(r_);
    if (!b) return b.error();
    sample s;
    s.load_room = room(*b, false);
    s.room = room(*b, true);
    s.given_up = b->gave_up_pipelining();
    const auto refused = b->first_refused(estimate::high);
    if (refused)
      s.full = refused->device;
    else if (b->host.short_bytes())
      s.by = context_bound::host;
    known_.emplace_back(steps, s);
    return s;
  }

  /// The last step from `first` on and before `beyond` whose room is not negative, if `first` has some and
  /// `beyond` has none.
  result<std::uint64_t> last(std::uint64_t first, std::uint64_t beyond, double sample::*room) {
    result<sample> low = at(first), high = at(beyond);
    if (!low) return low.error();
    if (!high) return high.error();
    double room_first = (*low).*room, room_beyond = (*high).*room;
    const auto cut = [&](std::uint64_t steps) -> result<bool> {
      const result<sample> s = at(steps);
      if (!s) return s.error();
      const bool has_room = (*s).*room >= 0;
      (has_room ? first : beyond) = steps;
      (has_room ? room_first : room_beyond) = (*s).*room;
      return has_room;
    };
    for (bool guess = true; first + 1 < beyond; guess = !guess) {
      const double share = guess ? room_first / (room_first - room_beyond) : 0.5;
      const auto step = static_cast<std::uint64_t>(share * static_cast<double>(beyond - first));
      const auto has_room = cut(std::clamp(first + step, first + 1, beyond - 1));
      if (!has_room) return has_room.error();
      if (*has_room && first + 1 < beyond && guess)  // the next step usually decides
        if (const auto next = cut(first + 1); !next) return next.error();
    }
    return first;
  }

  /// The last step from `first` to `beyond`, which has given up, at which pipelining is not given up.
  result<std::uint64_t> last_pipelined(std::uint64_t first, std::uint64_t beyond) {
    while (first + 1 < beyond) {
      const std::uint64_t middle = first + (beyond - first) / 2;
      const result<sample> s = at(middle);
      if (!s) return s.error();
      (s->given_up ? beyond : first) = middle;
    }
    return first;
  }

 private:
  /// Free memory that is left on the fullest device or the host, with or without what is taken in use.
  [[nodiscard]] static double room(const budget& b, bool in_use) {
    const auto as_number = [](bytes size) { return static_cast<double>(size.count); };
    std::vector<double> left;
    for (std::size_t i = 0; i < b.devices.size(); ++i)
      left.push_back(as_number(b.devices[i].usable) -
                     as_number(b.devices[i].context_at(estimate::high) + b.pages_on(i, in_use)));
    if (b.host.ram) left.push_back(as_number(*b.host.ram) - as_number(b.host.needed()));
    return left.empty() ? 0 : *std::min_element(left.begin(), left.end());
  }

  planner& p_;
  run r_;
  std::uint64_t grid_ = 0;
  std::vector<std::pair<std::uint64_t, sample>> known_;
};

/// The last step at which the run runs, if `loads` is the last at which it is created. 0: none.
inline result<std::uint64_t> last_that_runs(context_search& search, std::uint64_t loads) {
  const auto at_loads = search.at(loads), at_first = search.at(1);
  if (!at_loads) return at_loads.error();
  if (!at_first) return at_first.error();
  if (at_loads->runs()) return loads;
  std::uint64_t beyond = loads;
  if (at_loads->given_up && !at_first->given_up) {
    const auto pipelined = search.last_pipelined(1, loads);
    if (!pipelined) return pipelined.error();
    const std::uint64_t without = *pipelined + 1;
    const auto s = search.at(without);
    if (!s) return s.error();
    if (s->runs()) return search.last(without, loads, &context_search::sample::room);
    const auto p = search.at(*pipelined);
    if (!p) return p.error();
    if (p->runs()) return *pipelined;
    beyond = *pipelined;
  }
  if (!at_first->runs()) return std::uint64_t{0};
  return search.last(1, beyond, &context_search::sample::room);
}

}  // namespace detail

result<context_limit> max_context(planner& p, run r, std::uint32_t limit) {
  const std::uint64_t n_caches = unified(r) ? 1 : sequences(r);
  const std::uint64_t wanted = limit ? limit : p.get_model().hp.n_ctx_train * n_caches;
  detail::context_search search(p, std::move(r));
  const std::uint64_t most = std::max<std::uint64_t>(wanted / search.grid(), 1);
  const auto in_tokens = [&](std::uint64_t steps) {
    return static_cast<std::uint32_t>(steps * search.grid());
  };

  const auto at_most = search.at(most);
  if (!at_most) return at_most.error();
  std::uint64_t loads = most;
  if (!at_most->loads()) {
    const auto at_first = search.at(1);
    if (!at_first) return at_first.error();
    if (!at_first->loads()) return context_limit{0, 0, at_first->by, at_first->full};
    const auto last = search.last(1, most, &detail::context_search::sample::load_room);
    if (!last) return last.error();
    loads = *last;
  }
  const auto runs = detail::last_that_runs(search, loads);
  if (!runs) return runs.error();
  context_limit found{in_tokens(*runs), in_tokens(loads)};
  if (*runs == most) {
    found.bound_by = limit ? context_bound::limit : context_bound::n_ctx_train;
    return found;
  }
  const auto next = search.at(*runs + 1);
  if (!next) return next.error();
  found.bound_by = next->by;
  found.full = next->full;
  return found;
}

}  // namespace vrambudget
