// The search for a context; see max_context.hpp.
#pragma once

#include <algorithm>
#include <limits>

#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

result<context_limit> max_context(planner& p, run r, std::uint32_t limit) {
  const std::uint64_t n_caches = unified(r) ? 1 : sequences(r);
  const std::uint64_t grid = n_ctx_multiple * n_caches;
  const std::uint64_t most = limit ? limit : p.get_model().hp.n_ctx_train * n_caches;
  device_id full;  // over its memory at the last try that did not fit
  // room on the fullest device, negative if it is over
  const auto room_at = [&](std::uint64_t steps) -> result<double> {
    r.n_ctx =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(steps * grid, UINT32_MAX / grid * grid));
    const result<budget> b = p.budget_for(r);
    if (!b) return b.error();
    double least = std::numeric_limits<double>::max();
    for (const device_budget& d : b->devices) {
      const double room = static_cast<double>(d.usable.count) - static_cast<double>(d.used().count);
      if (room < least && room < 0) full = d.id;
      least = std::min(least, room);
    }
    return least;
  };

  std::uint64_t fits = 1, beyond = std::max<std::uint64_t>(most / grid, 1);
  result<double> room_beyond = room_at(beyond);
  if (!room_beyond) return room_beyond.error();
  if (*room_beyond >= 0)
    return context_limit{static_cast<std::uint32_t>(beyond * grid),
                         limit ? context_bound::limit : context_bound::n_ctx_train};
  result<double> room_fits = room_at(fits);
  if (!room_fits) return room_fits.error();
  if (*room_fits < 0) return context_limit{0, context_bound::device, full};
  for (bool guess = true; fits + 1 < beyond; guess = !guess) {
    const double share = guess ? *room_fits / (*room_fits - *room_beyond) : 0.5;
    const auto step = static_cast<std::uint64_t>(share * static_cast<double>(beyond - fits));
    const std::uint64_t at = std::clamp(fits + step, fits + 1, beyond - 1);
    const result<double> room = room_at(at);
    if (!room) return room.error();
    (*room >= 0 ? fits : beyond) = at;
    (*room >= 0 ? room_fits : room_beyond) = *room;
    if (*room >= 0 && fits + 1 < beyond && guess) {  // the next step usually decides
      const result<double> next = room_at(fits + 1);
      if (!next) return next.error();
      (*next >= 0 ? fits : beyond) = fits + 1;
      (*next >= 0 ? room_fits : room_beyond) = *next;
    }
  }
  return context_limit{static_cast<std::uint32_t>(fits * grid), context_bound::device, full};
}

}  // namespace vrambudget
