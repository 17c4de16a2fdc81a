// How one of many models is planned; see rank.hpp.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include "vrambudget/advise/rank.hpp"
#include "vrambudget/plan/kept_pages.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

namespace detail {

/// Whether weights and caches alone are more than some device has.
inline bool contents_exceed(const ranking_question& q, const model& m, const run& r) {
  const auto used = devices_of(r, q.devices);
  const auto kept = kept_pages_of(m, r, q.devices, true);
  if (!used || !kept) return false;
  for (std::size_t i = 0; i < used->size(); ++i) {
    const bytes driver = q.held_against.buffers_only ? bytes{} : (*used)[i].driver_context.high;
    if (driver + kept->weights[i] + kept->caches[i] >
        usable_of((*used)[i], q.held_against.reserve))
      return true;
  }
  return false;
}

/// What a candidate says of a model and a run of it.
inline candidate described(const model& m, run r, const budget& b) {
  candidate c{.architecture = m.architecture,
              .n_params = m.n_params,
              .bits_per_weight = m.bits_per_weight(),
              .n_ctx_train = m.hp.n_ctx_train,
              .n_ctx = r.n_ctx,
              .weights = m.tensor_bytes(),
              .used = {},
              .spare = least_spare(b),
              .host = b.host.needed(),
              .types = m.types_basis,
              .note = m.types_note,
              .has_experts = m.hp.moe.n_expert > 0,
              .planned = std::move(r),
              .drafts = b.draft.has_value(),
              .context = b.context};
  const auto weaken = [&c](const term_list& l) {
    for (const term& t : l.terms)
      if (t.kind == term_kind::compute_buffer) c.compute = std::max(c.compute, t.basis);
  };
  for (const device_budget& d : b.devices) {
    c.used += d.used();
    weaken(d);
  }
  if (b.devices.empty()) {
    c.used = b.host.needed();
    weaken(b.host);
  }
  return c;
}

/// Whether the largest context of a planned run, which fits, is enough; it then knows.
inline bool take_largest(candidate& c, planner& p, const budget& b, std::uint32_t wanted) {
  // copies of what lies on the host may take less with a longer context
  const bool is_even = c.moved == on_host::nothing;
  const result<context_limit> most = max_context(p, c.planned, 0, is_even ? &b : nullptr);
  if (!most || most->n_ctx < wanted) return false;
  c.largest = *most;
  c.fits = true;
  return true;
}

/// What decides among those of enough bits, the more the better.
inline std::tuple<double, double, double> worth(const candidate& c, preference p) {
  const auto n_params = static_cast<double>(c.n_params);
  switch (p) {
    case preference::speed: {
      const bool is_expected = c.speed && c.speed->expected;
      return {is_expected ? c.speed->expected->median : 0, c.speed ? c.speed->most : 0, n_params};
    }
    case preference::context:
      return {c.holds(), n_params, c.bits_per_weight};
    case preference::quality:
    case preference::balance:
      break;
  }
  return {n_params, c.bits_per_weight, 0};
}

}  // namespace detail

run ranking_question::run_of(const model& m) const {
  constexpr std::uint32_t usual_ctx = 8192;
  run r = base;
  if (r.n_ctx == 0) r.n_ctx = min_ctx ? min_ctx : std::min(usual_ctx, m.hp.n_ctx_train);
  return r;
}

bool is_better(const candidate& a, bool a_near, const candidate& b, bool b_near, preference p) {
  if (!a.fits && !b.fits) return a.used < b.used;
  const auto rank = [p](const candidate& c, bool near) {
    const int moved = 2 * static_cast<int>(c.moved) - (c.has_experts ? 1 : 0);
    return std::tuple(c.fits, near, c.moved == on_host::nothing ? 0 : -moved,
                      c.bits_per_weight >= good_bits, detail::worth(c, p));
  };
  return rank(a, a_near) > rank(b, b_near);
}

bool holds(const ranking_question& q, const model& m) {
  run r = q.run_of(m);
  r.n_ctx = q.wanted(r);
  if (r.n_ctx > m.hp.n_ctx_train || detail::contents_exceed(q, m, r)) return false;
  const result<budget> b = planner(m, q.devices, q.held_against).budget_for(r);
  return b && b->fits();
}

std::optional<candidate> plan_if_fits(const ranking_question& q, const model& m) {
  run r = q.run_of(m);
  const std::uint32_t wanted = q.wanted(r);
  if (wanted > m.hp.n_ctx_train || detail::contents_exceed(q, m, r)) return std::nullopt;
  planner p(m, q.devices, q.held_against);
  if (wanted > r.n_ctx) {
    run longest = r;
    longest.n_ctx = wanted;
    const result<budget> most = p.budget_for(longest);
    if (!most || !most->fits()) return std::nullopt;
  }
  const result<budget> b = p.budget_for(r);
  if (!b || !b->fits()) return std::nullopt;
  candidate c = detail::described(m, std::move(r), *b);
  if (!detail::take_largest(c, p, *b, wanted)) return std::nullopt;
  return c;
}

std::optional<candidate> plan_with_host(const ranking_question& q, const model& m) {
  run r = q.run_of(m);
  r.n_ctx = q.wanted(r);
  if (!q.may_use_host() || r.n_ctx > m.hp.n_ctx_train) return std::nullopt;
  if (m.tensor_bytes() > usable_together(q.devices, q.held_against.reserve) + *q.held_against.ram)
    return std::nullopt;
  planner p(m, q.devices, q.held_against);
  const bool is_longest = q.prefer == preference::context;
  auto found = is_longest ? most_on_host(p, r) : least_on_host(p, r);
  if (!found) return std::nullopt;
  candidate c = detail::described(m, found->how.changed, found->b);
  c.moved = found->moved;
  c.how = std::move(found->how);
  if (is_longest && !detail::take_largest(c, p, found->b, r.n_ctx)) return std::nullopt;
  c.fits = true;
  return c;
}

result<candidate> plan_candidate(const ranking_question& q, const model& m) {
  planner p(m, q.devices, q.held_against);
  run r = q.run_of(m);
  const std::uint32_t wanted = q.wanted(r);
  const result<budget> b = p.budget_for(r);
  if (!b) return b.error();
  candidate c = detail::described(m, std::move(r), *b);
  if (b->fits() && wanted <= c.n_ctx_train) detail::take_largest(c, p, *b, wanted);
  return c;
}

}  // namespace vrambudget
