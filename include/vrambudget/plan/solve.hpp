// The other way round: the largest context that fits, and the smallest changes that make a run fit.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// The largest n_ctx that fits, on the engine's grid of 256 cells per sequence.
///
/// Formula:  bisection over the whole model, each step a budget; where to cut is guessed from the room
///           left at both ends, since memory grows almost evenly with the context
/// Units:    `limit` in tokens; 0: the training length (per sequence, if each has a cache of its own)
/// Errors:   as planner::budget_for
/// Accuracy: exact for the terms that are
[[nodiscard]] inline result<context_limit> max_context(planner& p, run r, std::uint32_t limit = 0) {
  const std::uint64_t n_caches = unified(r) ? 1 : sequences(r);
  const std::uint64_t grid = engine::n_ctx_multiple * n_caches;
  const std::uint64_t most = limit ? limit : p.get_model().hp.n_ctx_train * n_caches;
  std::string full;  // the device that was over its memory at the last try that did not fit
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
                         limit ? "limit" : "n_ctx_train"};
  result<double> room_fits = room_at(fits);
  if (!room_fits) return room_fits.error();
  if (*room_fits < 0) return context_limit{0, full};
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
  return context_limit{static_cast<std::uint32_t>(fits * grid), full};
}

namespace detail {

/// Smallest n in (0, most] for which `fits(n)`, if it holds from some n on; 0: for none.
template <class Fits>
std::uint32_t smallest(std::uint32_t most, Fits&& fits) {
  if (most == 0 || !fits(most)) return 0;
  std::uint32_t low = 0, high = most;
  while (low + 1 < high) {
    const std::uint32_t mid = low + (high - low) / 2;
    (fits(mid) ? high : low) = mid;
  }
  return high;
}

inline bytes least_spare(const budget& b) {
  bytes least = bytes::max();
  for (const device_budget& d : b.devices) least = std::min(least, d.spare());
  return least;
}

}  // namespace detail

/// Changes that make `r` fit, each as small as its kind allows, the least harmful first: cache types,
/// fewer slots, a smaller batch, a shorter context, experts on the host, fewer layers on the GPU.
[[nodiscard]] inline std::vector<suggestion> what_would_fit(planner& p, const run& r) {
  std::vector<suggestion> found;
  const auto try_run = [&](const run& changed, std::string flags, std::string gives) {
    const result<budget> b = p.budget_for(changed);
    if (!b || !b->fits()) return false;
    found.push_back({std::move(flags), std::move(gives), detail::least_spare(*b)});
    return true;
  };
  const auto fits = [&](const run& changed) {
    const result<budget> b = p.budget_for(changed);
    return b && b->fits();
  };

  for (const ggml_type t : {ggml_type::q8_0, ggml_type::q4_0}) {
    if (row_size(t, 256) >= row_size(r.type_k, 256) && row_size(t, 256) >= row_size(r.type_v, 256))
      continue;
    run changed = r;
    changed.type_k = changed.type_v = t;
    const std::string type(traits(t).name);
    if (try_run(changed, "-ctk " + type + " -ctv " + type, "the same context, KV in " + type))
      break;
  }
  if (sequences(r) > 1) {
    run changed = r;
    changed.n_parallel = 1;
    changed.kv_unified.reset();
    try_run(changed, "-np 1", "one slot instead of " + std::to_string(sequences(r)));
  }
  if (drafts(with_draft_type(r, p.draft_model()))) {
    run changed = r;
    changed.spec_types = {spec_type::none};
    try_run(changed, p.draft_model() ? "without -md" : "--spec-type none", "no drafts, slower");
  }
  for (std::uint32_t ub = r.n_ubatch / 2; ub >= 64; ub /= 2) {
    run changed = r;
    changed.n_ubatch = ub;
    if (try_run(changed, "-ub " + std::to_string(ub), "the same context, slower prompts")) break;
  }
  if (const result<context_limit> most = max_context(p, r, r.n_ctx ? r.n_ctx : 0);
      most && most->n_ctx > 0) {
    run changed = r;
    changed.n_ctx = most->n_ctx;
    try_run(changed, "-c " + std::to_string(most->n_ctx), "the largest context, all else the same");
  }
  const std::uint32_t n_layer = p.get_model().hp.n_layer_all;
  if (p.get_model().hp.n_expert > 0 && !r.cpu_moe) {
    run changed = r;
    const auto with = [&](std::uint32_t n) {
      changed.n_cpu_moe = n;
      return changed;
    };
    if (const std::uint32_t n =
            detail::smallest(n_layer, [&](std::uint32_t k) { return fits(with(k)); }))
      try_run(with(n), "-ncmoe " + std::to_string(n),
              "experts of " + std::to_string(n) + " layers on the host");
  }
  run changed = r;
  const auto without = [&](std::uint32_t n) {
    changed.n_gpu_layers = static_cast<std::int32_t>(n_layer + 1 - n);
    return changed;
  };
  if (const std::uint32_t n =
          detail::smallest(n_layer + 1, [&](std::uint32_t k) { return fits(without(k)); }))
    try_run(without(n), "-ngl " + std::to_string(n_layer + 1 - n),
            std::to_string(n) + " layers on the host");
  return found;
}

}  // namespace vrambudget
