// The search for changes; see what_would_fit.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

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

std::vector<suggestion> what_would_fit(planner& p, const run& r) {
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
  if (const auto d = drafting_of(p.get_model(), p.draft_model(), r); d && d->by) {
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
  if (p.get_model().hp.moe.n_expert > 0 && !r.cpu_moe) {
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
