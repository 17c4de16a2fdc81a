// The search for a context; see max_context.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "vrambudget/plan/kept_pages.hpp"
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
    double first_load_room = 0, first_room = 0;  ///< the same of the first device alone
    bool given_up = false;                       ///< pipelining was
    device_id full = {};             ///< refuses an allocation
    context_bound by = context_bound::device;  ///< what is full, if anything is

    [[nodiscard]] bool loads() const { return load_room >= 0; }
    [[nodiscard]] bool runs() const { return room >= 0; }
  };

  /// Each context is planned once, however often it is asked for.
  [[nodiscard]] result<sample> at(std::uint64_t steps) {
    for (const auto& [known, s] : known_)
      if (known == steps) return s;
    r_.n_ctx = tokens(steps);
    const result<budget> b = p_.budget_for(r_);
    if (!b) return b.error();
    return know(steps, *b);
  }

  /// Begins at a run that was planned already.
  void begin_at(std::uint64_t steps, const budget& b) {
    knows_shorter_ = true;
    know(steps, b);
  }

  sample know(std::uint64_t steps, const budget& b) {
    sample s;
    if (!b.devices.empty()) {
      s.first_load_room = room_on(b, 0, false);
      s.first_room = room_on(b, 0, true);
    }
    s.load_room = room(b, false);
    s.room = room(b, true);
    s.given_up = b.gave_up_pipelining();
    const auto refused = b.first_refused(estimate::high);
    if (refused)
      s.full = refused->device;
    else if (b.host.short_bytes())
      s.by = context_bound::host;
    known_.emplace_back(steps, s);
    return s;
  }

  /// What a context lacks for its caches alone, if all else takes no less than with a shorter one that was planned. 0:
  /// nothing, there are several devices, or no shorter run was known.
  [[nodiscard]] double missing_for_caches(std::uint64_t steps, std::uint64_t shorter,
                                          double sample::*room) {
    if (!knows_shorter_) return 0;
    const result<sample> s = at(shorter);
    const auto now = caches(shorter), then = caches(steps);
    if (!s || !now || !then) return 0;
    const double left = room == &sample::room ? s->first_room : s->first_load_room;
    return std::max(*then - *now - left, 0.0);
  }

  /// The last step from `first` on and before `beyond` whose room is not negative, if `first` has some. `missing`:
  /// what `beyond` lacks at least, without a budget of it; 0: it is planned.
  result<std::uint64_t> last(std::uint64_t first, std::uint64_t beyond, double sample::*room,
                             double missing = 0) {
    const result<sample> low = at(first);
    if (!low) return low.error();
    double room_first = (*low).*room, room_beyond = -missing;
    if (missing == 0) {
      const result<sample> high = at(beyond);
      if (!high) return high.error();
      room_beyond = (*high).*room;
    }
    const auto cut = [&](std::uint64_t steps) -> result<bool> {
      const result<sample> s = at(steps);
      if (!s) return s.error();
      const bool has_room = (*s).*room >= 0;
      (has_room ? first : beyond) = steps;
      (has_room ? room_first : room_beyond) = (*s).*room;
      return has_room;
    };
    if (knows_shorter_)
      for (const auto& [steps, s] : known_)
        if (steps > first && steps < beyond) static_cast<void>(cut(steps));
    for (int i = 0; first + 1 < beyond; ++i) {
      if (missing_for_caches(first + 1, first, room) > 0) break;
      // lines meet where memory grows evenly; else the half is sure to come nearer
      const bool guess = knows_shorter_ ? i % 3 != 2 : i % 2 == 0;
      const double share = guess ? room_first / (room_first - room_beyond) : 0.5;
      const auto step = static_cast<std::uint64_t>(share * static_cast<double>(beyond - first));
      const auto has_room = cut(std::clamp(first + step, first + 1, beyond - 1));
      if (!has_room) return has_room.error();
      if (*has_room && first + 1 < beyond && guess && !knows_shorter_)  // the next step usually decides
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

  /// Why a step is not run, the one before which is.
  [[nodiscard]] result<sample> refused(std::uint64_t steps) {
    if (steps < 2 || missing_for_caches(steps, steps - 1, &sample::room) == 0) return at(steps);
    sample s;
    s.full = {p_.devices().front().backend, 0};
    return s;
  }

 private:
  [[nodiscard]] std::uint32_t tokens(std::uint64_t steps) const {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(steps * grid_, UINT32_MAX / grid_ * grid_));
  }

  [[nodiscard]] static double room_on(const budget& b, std::size_t device, bool in_use) {
    const device_budget& d = b.devices[device];
    return as_number(d.usable) -
           as_number(d.context_at(estimate::high) + b.pages_on(device, in_use));
  }
  /// Free memory that is left on the fullest device or the host, with or without what is taken in use.
  [[nodiscard]] static double room(const budget& b, bool in_use) {
    std::vector<double> left;
    for (std::size_t i = 0; i < b.devices.size(); ++i) left.push_back(room_on(b, i, in_use));
    if (b.host.ram) left.push_back(as_number(*b.host.ram) - as_number(b.host.needed()));
    return left.empty() ? 0 : *std::min_element(left.begin(), left.end());
  }

  [[nodiscard]] static double as_number(bytes size) { return static_cast<double>(size.count); }

  /// Pages of the caches on the one device, whose room only is looked at.
  [[nodiscard]] std::optional<double> caches(std::uint64_t steps) {
    if (p_.devices().size() != 1) return std::nullopt;
    for (const auto& [known, size] : caches_)
      if (known == steps) return size;
    run r = r_;
    r.n_ctx = tokens(steps);
    const auto kept = kept_pages_of(p_.get_model(), r, p_.devices(), false);
    if (!kept || kept->caches.size() != 1) return std::nullopt;
    caches_.emplace_back(steps, as_number(kept->caches.front()));
    return caches_.back().second;
  }

  planner& p_;
  run r_;
  std::uint64_t grid_ = 0;
  bool knows_shorter_ = false;
  std::vector<std::pair<std::uint64_t, sample>> known_;
  std::vector<std::pair<std::uint64_t, double>> caches_;
};

/// The last step at which the run runs, if `loads` is the last at which it is created. 0: none from `first` on.
inline result<std::uint64_t> last_that_runs(context_search& search, std::uint64_t first,
                                            std::uint64_t loads) {
  const auto at_loads = search.at(loads), at_first = search.at(first);
  if (!at_loads) return at_loads.error();
  if (!at_first) return at_first.error();
  if (at_loads->runs()) return loads;
  std::uint64_t beyond = loads;
  if (at_loads->given_up && !at_first->given_up) {
    const auto pipelined = search.last_pipelined(first, loads);
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
  return search.last(first, beyond, &context_search::sample::room);
}

}  // namespace detail

result<context_limit> max_context(planner& p, run r, std::uint32_t limit, const budget* shorter) {
  const std::uint64_t n_caches = unified(r) ? 1 : sequences(r);
  const std::uint64_t wanted = limit ? limit : p.get_model().hp.n_ctx_train * n_caches;
  const std::uint64_t begins = shorter ? r.n_ctx : 0;
  detail::context_search search(p, std::move(r));
  const std::uint64_t most = std::max<std::uint64_t>(wanted / search.grid(), 1);
  const auto in_tokens = [&](std::uint64_t steps) {
    return static_cast<std::uint32_t>(steps * search.grid());
  };

  using sample = detail::context_search::sample;
  std::uint64_t first = 1, loads = most;
  double missing = 0;
  if (begins > 0 && begins % search.grid() == 0 && begins <= most * search.grid()) {
    first = begins / search.grid();
    search.begin_at(first, *shorter);
    missing = search.missing_for_caches(most, first, &sample::load_room);
  }
  bool is_short = missing > 0;
  if (!is_short) {
    const auto at_most = search.at(most);
    if (!at_most) return at_most.error();
    is_short = !at_most->loads();
  }
  if (is_short) {
    const auto at_first = search.at(first);
    if (!at_first) return at_first.error();
    if (!at_first->loads()) return context_limit{0, 0, at_first->by, at_first->full};
    const auto last = search.last(first, most, &sample::load_room, missing);
    if (!last) return last.error();
    loads = *last;
  }
  const auto runs = detail::last_that_runs(search, first, loads);
  if (!runs) return runs.error();
  context_limit found{in_tokens(*runs), in_tokens(loads)};
  if (*runs == most) {
    found.bound_by = limit ? context_bound::limit : context_bound::n_ctx_train;
    return found;
  }
  const auto next = search.refused(*runs + 1);
  if (!next) return next.error();
  found.bound_by = next->by;
  found.full = next->full;
  return found;
}

}  // namespace vrambudget
