// The search for the best run; see best_run.hpp.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "vrambudget/advise/balanced_split.hpp"
#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/fitted_placement.hpp"
#include "vrambudget/advise/run_axes.hpp"
#include "vrambudget/advise/speed.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {

namespace detail {

/// What is decided at once.
struct aim {
  axis_kind axis;
  bool by_group = false;    ///< by run_axis::groups, else by each step
  bool if_told = false;     ///< slots: only those that are told
  bool by_pattern = false;  ///< of experts also those of the last layers, if fewer need to go
};

inline constexpr aim told_slots{axis_kind::slots, false, true};
inline constexpr aim any_slots{axis_kind::slots}, the_window{axis_kind::window},
    the_context{axis_kind::context}, what_is_on_host{axis_kind::host, true},
    how_much_on_host{axis_kind::host},
    as_little_on_host{.axis = axis_kind::host, .by_pattern = true}, drafts{axis_kind::drafts},
    bits_of_cache{axis_kind::cache, true}, type_of_cache{axis_kind::cache},
    the_ubatch{axis_kind::ubatch}, a_larger_ubatch{axis_kind::larger_ubatch};

using aims = std::array<aim, 11>;
inline constexpr aims balanced_aims{
    told_slots,       what_is_on_host, drafts,          bits_of_cache, the_ubatch, the_context,
    how_much_on_host, type_of_cache,   a_larger_ubatch, any_slots,     the_window};
inline constexpr aims quality_aims{
    told_slots,  bits_of_cache,    what_is_on_host, drafts,    the_ubatch, type_of_cache,
    the_context, how_much_on_host, a_larger_ubatch, any_slots, the_window};
inline constexpr aims speed_aims{told_slots,      what_is_on_host, as_little_on_host, drafts,
                                 the_ubatch,      bits_of_cache,   type_of_cache,     the_context,
                                 a_larger_ubatch, any_slots,       the_window};
inline constexpr aims context_aims{told_slots,      the_context, what_is_on_host,   drafts,
                                   bits_of_cache,   the_ubatch,  as_little_on_host, type_of_cache,
                                   a_larger_ubatch, any_slots,   the_window};

[[nodiscard]] inline const aims& aims_of(preference most) {
  switch (most) {
    case preference::quality:
      return quality_aims;
    case preference::speed:
      return speed_aims;
    case preference::context:
      return context_aims;
    case preference::balance:
      break;
  }
  return balanced_aims;
}

/// What counts is decided in the order of aims, each by a number: the larger, the better.
struct found_run {
  best_run best;
  std::uint64_t host_reads = 0;  ///< for a token with the context full, in bytes

  [[nodiscard]] double worth(const aim& a, const run& told) const {
    const run& r = best.how.changed;
    switch (a.axis) {
      case axis_kind::context:
        return r.n_ctx;
      case axis_kind::slots:
        return sequences(r);
      case axis_kind::window:
        return r.swa_full;
      case axis_kind::drafts:
        return r.spec_types == told.spec_types;
      case axis_kind::cache:
        return a.by_group ? !has_few_bits(r)
                          : static_cast<double>(
                                (row_size(r.type_k, 256) + row_size(r.type_v, 256)).count);
      case axis_kind::ubatch:
        return std::min(r.n_ubatch, told.n_ubatch);
      case axis_kind::host:
        return a.by_group ? 0 : -static_cast<double>(host_reads);  // of layers and of caches alike
      case axis_kind::larger_ubatch:
        break;
    }
    return r.n_ubatch;
  }
};

/// What the host reads for a token with the context full.
[[nodiscard]] inline std::uint64_t host_reads_of(const planner& p, const run& r, const budget& b) {
  const auto t =
      decode_traffic_of(p.get_model(), r, p.devices(), b.context, b.context.n_ctx_seq);
  return t ? (t->host.weights + t->host.cache + t->host.states).count : 0;
}

[[nodiscard]] inline std::uint32_t layers_on_host(const planner& p, const run& r) {
  return p.get_model().hp.n_layer_all + 1 - static_cast<std::uint32_t>(r.n_gpu_layers);
}

/// What a run that was found changes of the one that was told.
[[nodiscard]] inline suggestion changes_of(const planner& p, const run& told, const run& r,
                                           const budget& b) {
  suggestion s{.changes = {},
               .changed = r,
               .n_before = sequences(told),
               .n_ubatch_before = told.n_ubatch,
               .spare = least_spare(b),
               .host = b.host.needed()};
  const auto changed = [&](change_kind k, bool is) {
    if (is) s.changes.push_back(k);
  };
  changed(change_kind::swa_full, r.swa_full != told.swa_full);
  changed(change_kind::tensor_split, r.tensor_split != told.tensor_split);
  changed(change_kind::cache_types, r.type_k != told.type_k || r.type_v != told.type_v);
  changed(change_kind::n_parallel, r.n_parallel != told.n_parallel);
  if (r.spec_types != told.spec_types)
    s.changes.push_back(p.draft_model() ? change_kind::no_draft_model : change_kind::no_draft);
  changed(change_kind::n_ubatch, r.n_ubatch != told.n_ubatch);
  changed(change_kind::n_ctx, r.n_ctx != told.n_ctx);
  changed(change_kind::n_cpu_moe, r.n_cpu_moe != told.n_cpu_moe || r.cpu_moe != told.cpu_moe);
  changed(change_kind::expert_overrides, r.overrides != told.overrides);
  changed(change_kind::n_cpu_ffn, r.n_cpu_ffn != told.n_cpu_ffn);
  changed(change_kind::n_gpu_layers, r.n_gpu_layers != told.n_gpu_layers);
  return s;
}

/// Narrows the axes of a run one after another, with those that are left at their last steps.
class best_run_search {
 public:
  /// `told`: the run, but for the cache that `end` has on the host.
  best_run_search(planner& p, const run& told, std::uint32_t least, host_end end)
      : p_(p), r_(with_end(told, end)), end_(end), axes_(p, r_, least, end) {
    for (std::size_t i = 0; i < n_axes; ++i) last_[i] = axes_[static_cast<axis_kind>(i)].last;
  }

  [[nodiscard]] std::optional<found_run> find(const aims& all) {
    if (!holds()) return std::nullopt;
    for (const aim& a : all) {
      if (a.if_told && r_.n_parallel == 0) continue;
      narrow(a);
      if (a.axis == axis_kind::host && !a.by_group && a.by_pattern) try_last_experts();
    }
    auto found = held(last_);
    if (!found || !found->b.fits()) return std::nullopt;  // a hole among larger runs that fit
    lengthen(*found);
    const std::uint32_t moved = last_[static_cast<std::size_t>(axis_kind::host)];
    suggestion how = changes_of(p_, r_, found->r, found->b);
    if (end_ == host_end::cache) how.changes.push_back(change_kind::kv_on_host);
    how.n_on_host = how.has(change_kind::n_gpu_layers) ? layers_on_host(p_, found->r) : moved;
    std::sort(how.changes.begin(), how.changes.end());
    return found_run{{std::move(how), axes_.moved_at(moved)}, host_reads_of(p_, found->r, found->b)};
  }

 private:
  using steps = std::array<std::uint32_t, n_axes>;
  struct planned_run {
    run r;
    budget b;
  };

  [[nodiscard]] std::optional<planned_run> on_devices(run r) {
    auto b = p_.budget_for(r);
    if (!b || !b->fits_devices()) return std::nullopt;
    return planned_run{std::move(r), std::move(*b)};
  }

  /// The run at these steps, if its devices hold it, with layers shared among them so that they do.
  [[nodiscard]] std::optional<planned_run> held(const steps& at) {
    const run r = axes_.at(at);
    if (auto as_it_is = on_devices(r)) return as_it_is;
    if (!r.tensor_split.empty() || p_.devices().size() < 2) return std::nullopt;
    if (!split_.empty()) {
      run again = r;
      again.tensor_split = split_;
      if (auto shared = on_devices(again)) return shared;
    }
    const auto shared = split_search(p_, r).find();
    if (!shared) return std::nullopt;
    split_ = shared->tensor_split;
    return on_devices(*shared);
  }

  /// Whether the axes as they are narrowed now have a run that fits.
  [[nodiscard]] bool holds() {
    if (holds(last_)) return true;
    // what a device copies of a cache or of weights on the host may be more of a smaller type, with a smaller micro-batch,
    // or with more of the weights there
    const auto cache = static_cast<std::size_t>(axis_kind::cache),
               ubatch = static_cast<std::size_t>(axis_kind::ubatch),
               host = static_cast<std::size_t>(axis_kind::host);
    const on_host moved = axes_.moved_at(last_[host]);
    if (moved != on_host::layers && moved != on_host::cache) return false;
    for (steps at = last_;; --at[cache], at[ubatch] = last_[ubatch]) {
      for (;; --at[ubatch]) {
        for (const std::uint32_t moved_here : {last_[host], first_[host]}) {
          at[host] = moved_here;
          if (at != last_ && holds(at)) return true;
          if (moved == on_host::layers) break;
        }
        if (at[ubatch] == first_[ubatch]) break;
      }
      if (at[cache] == first_[cache]) return false;
    }
  }

  /// Whether the last steps hold, or fewer on the host, whose memory may be short, but as much as the devices
  /// ask for.
  [[nodiscard]] bool holds(steps at) {
    const auto most = held(at);
    if (!most) return false;
    if (most->b.fits()) return true;
    const auto host = static_cast<std::size_t>(axis_kind::host);
    std::uint32_t too_few = first_[host], enough = at[host];
    if (too_few == enough) return false;
    for (at[host] = too_few; too_few < enough;) {
      (held(at) ? enough : too_few) = at[host];
      if (too_few + 1 >= enough) break;
      at[host] = too_few + (enough - too_few) / 2;
    }
    at[host] = enough;
    const auto least = held(at);
    return least && least->b.fits();
  }

  /// The least last step of an axis that holds.
  void narrow(const aim& a) {
    const auto i = static_cast<std::size_t>(a.axis);
    const std::uint32_t first = first_[i], last = last_[i];
    if (first == last) return;
    std::vector<std::uint32_t> ends;
    if (a.by_group) {
      for (const std::uint32_t end : axes_[a.axis].groups)
        if (end >= first && end <= last) ends.push_back(end);
    } else {
      ends.resize(last - first + 1);
      std::iota(ends.begin(), ends.end(), first);
    }
    std::size_t too_early = 0, enough = ends.size() - 1;
    const auto holds_to = [&](std::size_t end) {
      last_[i] = ends[end];
      return holds();
    };
    if (enough > 0 && holds_to(0)) {
      enough = 0;
    } else {
      while (too_early + 1 < enough) {
        const std::size_t middle = too_early + (enough - too_early) / 2;
        (holds_to(middle) ? enough : too_early) = middle;
      }
    }
    last_[i] = ends[enough];
    first_[i] = !a.by_group ? last_[i] : enough > 0 ? ends[enough - 1] + 1 : first;
  }

  /// Fewer experts go to the host if they are those of the last layers, where that is less to compute.
  void try_last_experts() {
    const auto host = static_cast<std::size_t>(axis_kind::host);
    const std::uint32_t found = last_[host];
    if (!axes_.has_experts() || found == 0 || axes_.moved_at(found) == on_host::layers) return;
    axes_.move_experts(expert_layers::last);
    first_[host] = 1;
    last_[host] = found - 1;
    if (found > 1 && holds()) {
      narrow({axis_kind::host});
      return;
    }
    axes_.move_experts(expert_layers::first);
    first_[host] = last_[host] = found;
  }

  /// A context that was chosen may be longer still, where the engine does without pipelining then.
  void lengthen(planned_run& found) {
    const auto context = static_cast<std::size_t>(axis_kind::context);
    if (!axes_[axis_kind::context].take || last_[context] == 0) return;
    const std::uint32_t most = axes_.at({}).n_ctx;
    const auto limit = max_context(p_, found.r, most);
    if (!limit || limit->n_ctx <= found.r.n_ctx) return;
    run longer = found.r;
    longer.n_ctx = limit->n_ctx;
    if (auto b = on_devices(longer); b && b->b.fits()) found = std::move(*b);
  }

  [[nodiscard]] static run with_end(run r, host_end end) {
    if (end == host_end::cache) r.offload_kqv = false;
    return r;
  }

  planner& p_;
  run r_;
  host_end end_;
  run_axes axes_;
  steps first_{}, last_{};
  std::vector<float> split_;  ///< that held a run before
};

/// Whether one run is better than another, both of which leave more to the host than feed-forward tensors.
[[nodiscard]] inline bool is_better(const found_run& a, const found_run& b, const aims& all,
                                    const run& told) {
  for (const aim& x : all) {
    if (x.if_told && told.n_parallel == 0) continue;
    const double of_a = a.worth(x, told), of_b = b.worth(x, told);
    if (of_a != of_b) return of_a > of_b;
  }
  return false;
}

/// The run with layers divided between devices and the host as `--fit` does, if that is better than `found` and leaves
/// fewer layers to the host. Where a context is not all that counts, it has to be worth such patterns: the host reads
/// 5 % less.
[[nodiscard]] inline std::optional<found_run> divided(planner& p, const run& told,
                                                      const found_run& found, preference most) {
  const double worth_patterns = most == preference::context ? 1 : 0.95;
  const run& whole = found.best.how.changed;
  const auto as_it_is = p.budget_for(whole);
  if (!as_it_is) return std::nullopt;
  const auto placed = with_fitted_placement(p, told, whole, *as_it_is);
  if (!placed) return std::nullopt;
  const auto& [r, b] = *placed;
  const std::uint32_t n_there = n_on_host(p, r);
  if (n_there >= n_on_host(p, whole)) return std::nullopt;
  suggestion how = changes_of(p, told, r, b);
  std::replace(how.changes.begin(), how.changes.end(), change_kind::expert_overrides,
               change_kind::divided_layers);
  std::sort(how.changes.begin(), how.changes.end());
  const bool has_layers = how.has(change_kind::n_gpu_layers);
  how.n_on_host = has_layers ? layers_on_host(p, r) : n_there;
  found_run other{{std::move(how), has_layers ? on_host::layers : on_host::feed_forward},
                  host_reads_of(p, r, b)};
  const bool takes_it =
      other.best.moved <= found.best.moved &&
      static_cast<double>(other.host_reads) < worth_patterns * static_cast<double>(found.host_reads) &&
      is_better(other, found, aims_of(most), told);
  return takes_it ? std::optional(std::move(other)) : std::nullopt;
}

/// With whole layers on the host, or with the cache there, where it has to have more than feed-forward tensors.
[[nodiscard]] inline std::optional<best_run> best_with(planner& p, const run& r,
                                                       std::uint32_t least, preference most) {
  const aims& all = aims_of(most);
  auto found = best_run_search(p, r, least, host_end::layers).find(all);
  const bool may_keep_cache = r.offload_kqv && host_has_its_own(p.devices());
  if (may_keep_cache && (!found || found->best.moved == on_host::layers)) {
    auto other = best_run_search(p, r, least, host_end::cache).find(all);
    if (other && (!found || is_better(*other, *found, all, r))) found = std::move(other);
  }
  const bool may_divide = found && p.devices().size() > 1 &&
                          (found->best.moved == on_host::feed_forward ||
                           found->best.moved == on_host::layers);
  if (may_divide)
    if (auto other = divided(p, r, *found, most)) found = std::move(other);
  if (!found) return std::nullopt;
  return std::move(found->best);
}

}  // namespace detail

result<std::optional<best_run>> find_best_run(planner& p, const run& r, preference most) {
  run least = r;
  if (least.n_ctx == 0) least.n_ctx = n_ctx_multiple;
  if (const auto b = p.budget_for(least); !b) return b.error();
  const std::uint32_t trained = p.get_model().hp.n_ctx_train;
  const std::uint32_t worth = trained > 0 ? std::min(trained, least_context) : least_context;
  if (auto found = detail::best_with(p, r, worth, most); found || r.n_ctx != 0) return found;
  return detail::best_with(p, r, n_ctx_multiple, most);
}

}  // namespace vrambudget
