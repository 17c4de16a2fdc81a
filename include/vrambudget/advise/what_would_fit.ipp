// The search for changes; see what_would_fit.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "vrambudget/advise/balanced_split.hpp"
#include "vrambudget/advise/levers.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/memory/draft.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

namespace detail {

/// Tries changes of one run: each kind alone, then as few together as it takes.
class change_search {
 public:
  change_search(planner& p, const run& r) : p_(p), m_(p.get_model()), r_(r) {}

  std::vector<suggestion> take() {
    try_each();
    try_no_draft();
    try_no_pipelining();
    try_context();
    try_together();
    if (host_has_its_own(p_.devices())) try_host();
    std::stable_sort(found_.begin(), found_.end(), [](const auto& a, const auto& b) {
      return std::tuple(a.changes.back(), a.changes.size()) <
             std::tuple(b.changes.back(), b.changes.size());
    });
    return std::move(found_);
  }

  [[nodiscard]] std::optional<suggestion> unchanged() { return if_fits({}, r_); }
  [[nodiscard]] std::optional<suggestion> with_eight_bits() {
    const auto smaller = with_cache_type<ggml_type::q8_0>(r_, m_);
    return smaller ? if_fits({change_kind::cache_types}, *smaller) : std::nullopt;
  }

 private:
  using kinds = std::vector<change_kind>;

  [[nodiscard]] bool fits(const run& r) {
    const result<budget> b = p_.budget_for(r);
    return b && b->fits();
  }
  /// What goes to the host may not fit there, but it leaves the devices.
  [[nodiscard]] bool fits_devices(const run& r) {
    const result<budget> b = p_.budget_for(r);
    return b && b->fits_devices();
  }

  [[nodiscard]] std::optional<suggestion> if_fits(kinds changes, const run& changed,
                                                  std::uint32_t n_on_host = 0) {
    const result<budget> b = p_.budget_for(changed);
    if (!b || !b->fits()) return std::nullopt;
    suggestion s{.changes = std::move(changes),
                 .changed = changed,
                 .n_on_host = n_on_host,
                 .n_before = sequences(r_),
                 .n_ubatch_before = r_.n_ubatch,
                 .spare = least_spare(*b),
                 .host = b->host.needed()};
    if (s.has(change_kind::n_parallel) && changed.n_ctx != r_.n_ctx) s.n_ctx = changed.n_ctx;
    return s;
  }
  bool keep_if_fits(kinds changes, const run& changed, std::uint32_t n_on_host = 0) {
    auto s = if_fits(std::move(changes), changed, n_on_host);
    if (s) found_.push_back(std::move(*s));
    return s.has_value();
  }

  void try_each() {
    kinds kept;
    for (const lever& l : levers) {
      if (l.kind == change_kind::n_ubatch || std::count(kept.begin(), kept.end(), l.kind)) continue;
      const auto changed = l.pull(r_, m_);
      if (changed && keep_if_fits({l.kind}, *changed)) kept.push_back(l.kind);
    }
    run smaller = r_;
    for (smaller.n_ubatch = r_.n_ubatch / 2; smaller.n_ubatch >= least_ubatch;
         smaller.n_ubatch /= 2)
      if (keep_if_fits({change_kind::n_ubatch}, smaller)) break;
    if (const auto split = split_search(p_, r_).find())
      keep_if_fits({change_kind::tensor_split}, *split);
  }

  void try_no_draft() {
    const auto drafts = drafting_of(m_, p_.draft_model(), r_);
    if (!drafts || !drafts->by) return;
    run alone = r_;
    alone.spec_types = {spec_type::none};
    keep_if_fits({drafts->own_model ? change_kind::no_draft_model : change_kind::no_draft}, alone);
  }

  void try_no_pipelining() {
    const result<budget> b = p_.budget_for(r_);
    if (b && b->pipelining == pipelining::used)
      keep_if_fits({change_kind::no_pipelining}, without_pipelining(r_));
  }

  void try_context() {
    const std::uint64_t n_caches = unified(r_) ? 1 : sequences(r_);
    const std::uint64_t trained = m_.hp.n_ctx_train * n_caches;
    const auto limit = static_cast<std::uint32_t>(
        trained > 0 ? std::min<std::uint64_t>(r_.n_ctx, trained) : r_.n_ctx);
    const result<context_limit> most = max_context(p_, r_, limit);
    if (!most || most->n_ctx == 0) return;
    run shorter = r_;
    shorter.n_ctx = most->n_ctx;
    keep_if_fits({change_kind::n_ctx}, shorter);
  }

  // --- several at once

  /// The kinds of what is pulled, each once, in their order.
  [[nodiscard]] static kinds kinds_of(const pulled& which) {
    kinds all;
    for (std::size_t i = 0; i < levers.size(); ++i)
      if (which[i]) all.push_back(levers[i].kind);
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  /// The levers that it takes so that `enough(which)`: the first ones of them, without those that are not
  /// needed, the most harmful tried first. False: all of them are not enough.
  template <class Enough>
  [[nodiscard]] static bool pull_as_few(pulled& which, Enough&& enough) {
    which = {};
    std::size_t n = 0;
    while (!enough(which)) {
      if (n == levers.size()) return false;
      which[n++] = true;
    }
    for (std::size_t i = n; i-- > 0;) {
      which[i] = false;
      if (!enough(which)) which[i] = true;
    }
    return true;
  }

  /// On the devices alone, with layers shared anew among several.
  void try_together() {
    std::optional<run> split;
    const auto enough = [&](const pulled& which) {
      const run r = with(which, r_, m_);
      split.reset();
      return fits(r) || (split = split_search(p_, r).find()).has_value();
    };
    pulled which;
    if (!pull_as_few(which, enough) || !enough(which)) return;
    kinds changes = kinds_of(which);
    run together = split ? *split : with(which, r_, m_);
    if (split) changes.push_back(change_kind::tensor_split);
    if (changes.size() < 2) return;  // it was tried alone
    std::sort(changes.begin(), changes.end());
    for (run larger = together; larger.n_ubatch * 2 <= r_.n_ubatch;) {
      larger.n_ubatch *= 2;
      if (!fits(larger)) break;
      together = larger;
    }
    keep_if_fits(std::move(changes), together);
  }

  // --- the host

  void try_host() {
    const std::uint32_t n_layer = m_.hp.n_layer_all;
    const auto experts = [n_layer](run& r, std::uint32_t n) {
      r.cpu_moe = n == n_layer;
      r.n_cpu_moe = n == n_layer ? 0 : n;
    };
    const auto layers = [n_layer](run& r, std::uint32_t n) {
      r.n_gpu_layers = static_cast<std::int32_t>(n_layer + 1 - n);
    };
    // whole layers on the host are never better than the experts of more of them
    if (m_.hp.moe.n_expert > 0 && !r_.cpu_moe &&
        try_on_host(change_kind::n_cpu_moe, n_layer, experts))
      return;
    try_on_host(change_kind::n_gpu_layers, n_layer + 1, layers);
  }

  /// As few layers as it takes, up to `most`, if more of them never take more; the cache in eight bits if
  /// that keeps a quarter of them on the devices.
  template <class Move>
  bool try_on_host(change_kind kind, std::uint32_t most, Move&& move) {
    const auto moved = [&](const pulled& which, std::uint32_t n) {
      run r = with(which, r_, m_);
      move(r, n);
      return r;
    };
    pulled which;
    if (most == 0 ||
        !pull_as_few(which, [&](const pulled& w) { return fits_devices(moved(w, most)); }))
      return false;
    const auto keep = [&](const pulled& w, std::uint32_t n) {
      kinds changes = kinds_of(w);
      changes.push_back(kind);
      return keep_if_fits(std::move(changes), moved(w, n), n);
    };
    const auto least = [&](const pulled& w) {
      return least_that_fits(most, [&](std::uint32_t n) { return moved(w, n); });
    };
    const std::uint32_t n = least(which);
    bool kept = keep(which, n);
    for (std::size_t i = 0; i < levers.size(); ++i) {
      if (levers[i].kind != change_kind::cache_types || !levers[i].pull(r_, m_)) continue;
      if (std::exchange(which[i], true)) break;
      if (fits_devices(with(which, r_, m_))) break;  // without the host
      if (const std::uint32_t fewer = least(which); fewer * 4 <= n * 3)
        kept = keep(which, fewer) || kept;
      break;
    }
    return kept;
  }

  /// The least number of layers, of which `most` fit the devices.
  template <class Moved>
  [[nodiscard]] std::uint32_t least_that_fits(std::uint32_t most, Moved&& moved) {
    std::uint32_t too_few = 0, enough = most;
    while (too_few + 1 < enough) {
      const std::uint32_t n = too_few + (enough - too_few) / 2;
      (fits_devices(moved(n)) ? enough : too_few) = n;
    }
    return enough;
  }

  planner& p_;
  const model& m_;
  const run& r_;
  std::vector<suggestion> found_;
};

}  // namespace detail

std::vector<suggestion> what_would_fit(planner& p, const run& r) {
  return detail::change_search(p, r).take();
}

std::optional<suggestion> how_it_runs(planner& p, const run& r, effort most) {
  detail::change_search search(p, r);
  if (auto s = search.unchanged(); s || most == effort::none) return s;
  if (auto s = search.with_eight_bits(); s || most == effort::smaller_cache) return s;
  std::vector<suggestion> all = search.take();
  return all.empty() ? std::nullopt : std::optional(std::move(all.front()));
}

}  // namespace vrambudget
