// How one of many models is planned; see rank.hpp.
#pragma once

#include <algorithm>

#include "vrambudget/advise/rank.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

namespace detail {

inline bool weights_exceed(const ranking_question& q, const model& m) {
  const run r = q.run_of(m);
  if (r.split_mode == split_mode::tensor || r.split_mode == split_mode::row)
    return false;  // cards have parts of tensors
  const auto used = devices_of(r, q.devices);
  if (!used) return false;
  const auto where = place_layers(r, *used, m.hp.n_layer_all);
  if (!where) return false;
  const auto placed = place_weights(m, *where, r, q.devices.size());
  for (std::size_t i = 0; placed && i < used->size(); ++i)
    if (placed->on(static_cast<int>(i)) > usable_of((*used)[i], q.held_against.reserve))
      return true;
  return false;
}

}  // namespace detail

run ranking_question::run_of(const model& m) const {
  constexpr std::uint32_t usual_ctx = 8192;
  run r = base;
  if (r.n_ctx == 0) r.n_ctx = min_ctx ? min_ctx : std::min(usual_ctx, m.hp.n_ctx_train);
  return r;
}

bool fits(const ranking_question& q, const model& m) {
  if (detail::weights_exceed(q, m)) return false;
  run r = q.run_of(m);
  r.n_ctx = q.wanted(r);
  const result<budget> b = planner(m, q.devices, q.held_against).budget_for(r);
  return b && b->fits();
}

result<candidate> plan_candidate(const ranking_question& q, const model& m) {
  planner p(m, q.devices, q.held_against);
  const run r = q.run_of(m);
  const result<budget> b = p.budget_for(r);
  if (!b) return b.error();
  candidate c{.architecture = m.architecture,
              .n_params = m.n_params,
              .bits_per_weight = m.bits_per_weight(),
              .n_ctx_train = m.hp.n_ctx_train,
              .n_ctx = r.n_ctx,
              .weights = m.tensor_bytes(),
              .used = {},
              .spare = least_spare(*b),
              .host = b->host.needed(),
              .types = m.types_basis,
              .note = m.types_note};
  for (const device_budget& d : b->devices) {
    c.used += d.used();
    for (const term& t : d.terms)
      if (t.kind == term_kind::compute_buffer) c.compute = std::max(c.compute, t.basis);
  }
  if (b->devices.empty()) {
    c.used = b->host.needed();
    for (const term& t : b->host.terms)
      if (t.kind == term_kind::compute_buffer) c.compute = std::max(c.compute, t.basis);
  }
  const std::uint32_t wanted = q.wanted(r);
  if (!b->fits() || wanted > c.n_ctx_train) return c;
  const result<context_limit> most = max_context(p, r);
  if (!most || most->n_ctx < wanted) return c;
  c.largest = *most;
  c.fits = true;
  return c;
}

}  // namespace vrambudget
