// The search for changes; see what_would_fit.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "vrambudget/advise/balanced_split.hpp"
#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/levers.hpp"
#include "vrambudget/advise/shared_host_run.hpp"
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
    if (host_has_its_own(p_.devices()) && has_room_for_weights()) try_host();
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
  static constexpr std::size_t few_ways = 3;

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

  /// Something of `n` layers on the host, and what is pulled besides; 0: sharing layers anew is enough.
  struct host_way {
    change_kind kind;
    pulled which;
    std::uint32_t n;
    run changed;
  };

  [[nodiscard]] std::uint32_t most_of(change_kind kind) const {
    return m_.hp.n_layer_all + (kind == change_kind::n_gpu_layers ? 1 : 0);
  }
  bool keep_if_fits(const host_way& w) {
    if (std::any_of(found_.begin(), found_.end(),
                    [&](const suggestion& s) { return s.changed == w.changed; }))
      return true;
    kinds changes = kinds_of(w.which);
    if (w.changed.tensor_split != r_.tensor_split) changes.push_back(change_kind::tensor_split);
    if (w.changed.n_ctx != r_.n_ctx && w.changed.n_parallel == r_.n_parallel)
      changes.push_back(change_kind::n_ctx);
    if (w.changed.n_cpu_ffn != r_.n_cpu_ffn) changes.push_back(change_kind::n_cpu_ffn);
    if (w.n > 0 && w.kind != change_kind::n_cpu_ffn) changes.push_back(w.kind);
    std::sort(changes.begin(), changes.end());
    return keep_if_fits(std::move(changes), w.changed, w.n);
  }

  /// In all memories together.
  [[nodiscard]] bool has_room_for_weights() const {
    const limits& l = p_.held_against();
    return !l.ram || m_.tensor_bytes() <= usable_together(p_.devices(), l.reserve) + *l.ram;
  }

  void try_host() {
    std::optional<host_way> best;
    const auto try_this = [&](const run& r, change_kind kind) {
      const auto way = least_on_host(r, kind);
      if (!way || !keep_if_fits(*way)) return false;
      if (way->n > 0 && (!best || n_pulled(way->which) < n_pulled(best->which))) best = way;
      return true;
    };
    if (m_.hp.moe.n_expert > 0) {
      // whole layers on the host are never better than the experts of more of them
      if (r_.cpu_moe || !try_this(r_, change_kind::n_cpu_moe))
        try_this(r_, change_kind::n_gpu_layers);
    } else {
      if (!try_this(r_, change_kind::n_cpu_ffn))
        try_this(with_on_host(r_, change_kind::n_cpu_ffn, m_.hp.n_layer_all, m_),
                 change_kind::n_gpu_layers);
      try_this(r_, change_kind::n_gpu_layers);
    }
    if (best) try_more_with(*best);
  }

  /// What else makes room: if that keeps a quarter of the layers on the devices, or where there are few ways.
  void try_more_with(const host_way& least) {
    bool tried_smaller_cache = false;
    for (std::size_t i = 0; i < levers.size(); ++i) {
      const change_kind kind = levers[i].kind;
      if (least.which[i] || kind == change_kind::n_ubatch || !levers[i].pull(r_, m_)) continue;
      const bool is_worth_it =
          kind == change_kind::cache_types && !std::exchange(tried_smaller_cache, true);
      const bool is_asked = found_.size() < few_ways;
      if (!is_worth_it && !is_asked) continue;
      pulled which = least.which;
      which[i] = true;
      if (fits_devices(with(which, r_, m_))) continue;  // without the host
      const auto fewer = least_with(r_, least.kind, which);
      if (fewer && fewer->n > 0 && (is_asked ? fewer->n < least.n : fewer->n * 4 <= least.n * 3))
        keep_if_fits(*fewer);
    }
    run half = r_;
    half.n_ctx = r_.n_ctx / 2;
    if (found_.size() >= few_ways || half.n_ctx < least_context * (unified(r_) ? 1 : sequences(r_)))
      return;
    const auto shorter = least_on_host(half, least.kind);
    if (shorter && shorter->n > 0 &&
        (shorter->n < least.n || n_pulled(shorter->which) < n_pulled(least.which)))
      keep_if_fits(*shorter);
  }
  [[nodiscard]] static std::ptrdiff_t n_pulled(const pulled& which) {
    return std::count(which.begin(), which.end(), true);
  }

  /// As few layers as it takes, if more of them never take more, with as few levers as that takes: so that devices hold
  /// it, and if the host lacks memory then, so that it does not.
  [[nodiscard]] std::optional<host_way> least_on_host(const run& r, change_kind kind) {
    pulled which;
    const auto on_devices = [&](const pulled& w) { return all_on_host(r, kind, w).has_value(); };
    if (most_of(kind) == 0 || !pull_as_few(which, on_devices)) return std::nullopt;
    auto way = least_with(r, kind, which);
    if (!way || fits(way->changed)) return way;
    const auto on_both = [&](const pulled& w) {
      way = least_with(r, kind, w);
      return way && fits(way->changed);
    };
    if (!pull_as_few(which, on_both)) return std::nullopt;
    return least_with(r, kind, which);
  }
  [[nodiscard]] std::optional<run> all_on_host(const run& r, change_kind kind,
                                               const pulled& which) {
    return on_devices(with_on_host(with(which, r, m_), kind, most_of(kind), m_));
  }

  /// The fewest layers with these levers.
  [[nodiscard]] std::optional<host_way> least_with(const run& r, change_kind kind,
                                                   const pulled& which) {
    const run base = with(which, r, m_);
    const auto at = [&](std::uint32_t n) { return with_on_host(base, kind, n, m_); };
    if (shares_layers() && kind != change_kind::n_gpu_layers) {
      if (auto found = shared_host_run(p_, base, at).find())
        return host_way{kind, which, found->n, std::move(found->changed)};
    }
    auto found = all_on_host(r, kind, which);
    if (!found) return std::nullopt;
    std::uint32_t too_few = 0, enough = most_of(kind);
    while (too_few + 1 < enough) {
      const std::uint32_t n = too_few + (enough - too_few) / 2;
      if (auto fewer = on_devices(at(n))) {
        enough = n;
        found = std::move(fewer);
      } else {
        too_few = n;
      }
    }
    return host_way{kind, which, enough, std::move(*found)};
  }

  [[nodiscard]] bool shares_layers() const {
    return p_.devices().size() > 1 && r_.tensor_split.empty() && r_.split_mode == split_mode::layer;
  }
  /// The run, with layers shared among the devices so that they hold it.
  [[nodiscard]] std::optional<run> on_devices(run r) {
    if (fits_devices(r)) return r;
    if (!shares_layers()) return std::nullopt;
    return split_search(p_, r).find();
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
