// As little of a model on the host as lets a run fit its devices: experts of the first layers, of a dense model their
// feed-forward tensors, or the first layers whole. All else stays as it is, but for how several devices share layers, so
// that many models are tried in no time; best_run.hpp changes more of a run.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/levers.hpp"
#include "vrambudget/advise/shared_host_run.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/plan/kept_pages.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// A run that leaves something to the host.
struct host_run {
  suggestion how;  ///< `n_on_host`: layers of which that is; `changed`: the run
  on_host moved = on_host::nothing;
  budget b;
};

namespace detail {

class host_search {
 public:
  host_search(planner& p, const run& r) : p_(p), m_(p.get_model()), r_(r) {}

  /// Of `kind` as few layers as it takes. Nothing: not even all are enough, or the host lacks memory.
  [[nodiscard]] std::optional<host_run> least_of(on_host kind) {
    measure(kind);
    constexpr int most_guesses = 6;
    std::uint32_t too_few = 0, enough = most_of(kind) + 1;
    std::optional<host_run> found;
    for (double guess = missing_of_contents(); too_few + 1 < enough;) {
      const auto n = static_cast<std::uint32_t>(
          std::clamp(guess, too_few + 1.0, static_cast<double>(enough - 1)));
      auto next = planned(kind, n);
      if (!next) return std::nullopt;
      // what is missing shrinks almost evenly, so the last two tries are the answer and the one before it
      const double missing = missing_of(next->b);
      if (next->b.fits_devices()) {
        enough = n;
        found = std::move(next);
        guess = n - std::max(std::floor(-missing), 1.0);
      } else {
        too_few = n;
        guess = n + std::max(std::ceil(missing), 1.0);
      }
      if (++n_guesses_ > most_guesses) guess = too_few + (enough - too_few) / 2;
    }
    return found && found->b.fits() ? std::move(found) : std::nullopt;
  }

  /// Of experts or feed-forward tensors few, with layers shared anew.
  [[nodiscard]] std::optional<host_run> shared() {
    const change_kind by = change_of(on_host::feed_forward);
    auto found = shared_host_run(p_, r_, [&](std::uint32_t n) { return moved(by, n); }).find();
    if (!found) return std::nullopt;
    suggestion how{.changes = {change_kind::tensor_split},
                   .changed = std::move(found->changed),
                   .n_on_host = found->n};
    if (found->n > 0) how.changes.push_back(by);
    const on_host kind = found->n > 0 ? on_host::feed_forward : on_host::nothing;
    return host_run{std::move(how), kind, std::move(found->b)};
  }

  /// All of `kind`.
  [[nodiscard]] std::optional<host_run> all_of(on_host kind) {
    auto all = planned(kind, most_of(kind));
    return all && all->b.fits() ? std::move(all) : std::nullopt;
  }

 private:
  [[nodiscard]] std::uint32_t most_of(on_host kind) const {
    return m_.hp.n_layer_all + (kind == on_host::layers ? 1 : 0);
  }

  [[nodiscard]] bool has_experts() const { return m_.hp.moe.n_expert > 0; }
  [[nodiscard]] change_kind change_of(on_host kind) const {
    return kind == on_host::layers ? change_kind::n_gpu_layers
           : has_experts()         ? change_kind::n_cpu_moe
                                   : change_kind::n_cpu_ffn;
  }
  [[nodiscard]] run moved(change_kind by, std::uint32_t n) const {
    return with_on_host(r_, by, n, m_);
  }
  [[nodiscard]] std::optional<host_run> planned(on_host kind, std::uint32_t n) {
    const change_kind by = change_of(kind);
    suggestion how{.changes = {by}, .changed = moved(by, n), .n_on_host = n};
    auto b = p_.budget_for(how.changed);
    if (!b) return std::nullopt;
    return host_run{std::move(how), kind, std::move(*b)};
  }

  /// What a layer that is moved frees of each device's weights and caches.
  void measure(on_host kind) {
    n_guesses_ = 0;
    missing_.clear();
    freed_.clear();
    const std::uint32_t most = most_of(kind);
    const change_kind by = change_of(kind);
    const auto of = [&](std::uint32_t n) {
      return kept_pages_of(m_, moved(by, n), p_.devices(), true);
    };
    const auto used = devices_of(r_, p_.devices());
    const auto none = of(0), all = of(most);
    if (!used || !none || !all) return;
    for (std::size_t i = 0; i < used->size(); ++i) {
      const device& d = (*used)[i];
      const bytes driver = p_.held_against().buffers_only ? bytes{} : d.driver_context.high;
      const bytes before = none->weights[i] + none->caches[i];
      missing_.push_back(less(driver + before, usable_of(d, p_.held_against().reserve)));
      freed_.push_back(less(before, all->weights[i] + all->caches[i]) / most);
    }
  }
  [[nodiscard]] static double less(bytes a, bytes b) {
    return static_cast<double>(a.count) - static_cast<double>(b.count);
  }
  /// In layers that would have to be moved, on the device that lacks most; below 0: these may come back.
  [[nodiscard]] double in_layers(const std::vector<double>& missing) const {
    double most = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < missing.size() && i < freed_.size(); ++i)
      most = std::max(most, missing[i] / std::max(freed_[i], 1.0));
    return most;
  }
  [[nodiscard]] double missing_of(const budget& b) const {
    std::vector<double> missing;
    for (const device_budget& d : b.devices) missing.push_back(less(d.used(), d.usable));
    return in_layers(missing);
  }
  /// Of weights, caches and the driver's contexts alone.
  [[nodiscard]] double missing_of_contents() const { return std::ceil(in_layers(missing_)); }

  planner& p_;
  const model& m_;
  const run& r_;
  int n_guesses_ = 0;
  std::vector<double> missing_, freed_;  ///< by device, in bytes; of one layer
};

}  // namespace detail

/// Whether a run may leave anything to the host: not where it was said what lies where, or where there is no other
/// memory.
[[nodiscard]] inline bool may_use_host(const run& r, const std::vector<device>& devices) {
  return !has_overrides(r) && r.n_gpu_layers < 0 && r.split_mode != split_mode::tensor &&
         r.split_mode != split_mode::row && detail::host_has_its_own(devices);
}

/// The run with as few experts, or feed-forward tensors, on the host as it takes, else with as few layers. Several
/// devices share layers anew (`-ts`), and may so hold all of it. Nothing: it fits no way.
///
/// Accuracy: the fewest on one device; on several few, as shared_host_run finds them
[[nodiscard]] inline std::optional<host_run> least_on_host(planner& p, const run& r) {
  if (!may_use_host(r, p.devices())) return std::nullopt;
  detail::host_search search(p, r);
  if (p.devices().size() > 1 && r.tensor_split.empty()) {
    if (auto found = search.shared()) return found;
  } else if (auto found = search.least_of(on_host::feed_forward)) {
    return found;
  }
  return search.least_of(on_host::layers);
}

/// The same with all of the experts on the host, which leaves most room for a context; of a model without experts as
/// least_on_host().
[[nodiscard]] inline std::optional<host_run> most_on_host(planner& p, const run& r) {
  if (may_use_host(r, p.devices()) && p.get_model().hp.moe.n_expert > 0)
    if (auto found = detail::host_search(p, r).all_of(on_host::feed_forward)) return found;
  return least_on_host(p, r);
}

}  // namespace vrambudget
