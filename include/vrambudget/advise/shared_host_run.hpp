// A run on several devices that leaves experts or feed-forward tensors of its first layers to the host, and shares the
// layers so that each device holds its part. It is found by sums and then planned; best_run.hpp looks at everything.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget::detail {

class shared_host_run {
 public:
  /// `moved`: the run with that of the first n layers on the host.
  shared_host_run(planner& p, const run& r, std::function<run(std::uint32_t)> moved)
      : p_(p), m_(p.get_model()), r_(r), moved_(std::move(moved)) {}

  struct found {
    run changed;
    std::uint32_t n = 0;  ///< 0: sharing alone is enough
    budget b;
  };

  /// With the fewest layers by the sums, or up to `more` of them more. Nothing: none of these fits.
  [[nodiscard]] std::optional<found> find() {
    constexpr std::uint32_t more = 3;
    const std::uint32_t most = m_.hp.n_layer_all;
    if (!measure()) return std::nullopt;
    std::uint32_t least = 0, beyond = most + 1;  // the first that has room
    while (least < beyond) {
      const std::uint32_t n = least + (beyond - least) / 2;
      if (shares(n, 0))
        beyond = n;
      else
        least = n + 1;
    }
    for (std::uint32_t n = least; n <= std::min(least + more, most); ++n) {
      run r = moved_(n);
      r.tensor_split = even_shares(n);
      auto b = p_.budget_for(r);
      if (b && b->fits()) return found{std::move(r), n, std::move(*b)};
    }
    return std::nullopt;
  }

 private:
  /// What layers take, whole and without what may be moved, and what each device has for them.
  [[nodiscard]] bool measure() {
    const run all_moved = moved_(m_.hp.n_layer_all);
    const auto whole = of_layers(r_), rest = of_layers(all_moved);
    const result<budget> b = p_.budget_for(all_moved);
    if (!whole || !rest || !b || b->devices.size() != p_.devices().size()) return false;
    bytes kept;
    for (const device_budget& d : b->devices) {
      const bytes layers = d.of(term_kind::weights) + kept_on(d);
      kept += kept_on(d);
      room_.push_back(as_number(d.usable) - as_number(saturating_sub(d.used(), layers)));
    }
    const double of_layer = as_number(kept) / std::max(m_.hp.n_layer_all, 1u);
    whole_ = *whole;
    rest_ = *rest;
    for (std::size_t il = 0; il + 1 < whole_.size(); ++il) {
      whole_[il] += of_layer;
      rest_[il] += of_layer;
    }
    return true;
  }
  [[nodiscard]] static double as_number(bytes b) { return static_cast<double>(b.count); }
  [[nodiscard]] static bytes kept_on(const device_budget& d) {
    return d.of(term_kind::kv_cache) + d.of(term_kind::recurrent_state);
  }

  /// Weights on the device of each layer, the output as the last.
  [[nodiscard]] std::optional<std::vector<double>> of_layers(const run& r) const {
    const std::span<const device> one(p_.devices().data(), 1);
    const auto where = place_layers(r, one, m_.hp.n_layer_all);
    if (!where) return std::nullopt;
    const auto placed = place_weights(m_, *where, r, 1);
    if (!placed) return std::nullopt;
    std::vector<double> sums(m_.hp.n_layer_all + 1);
    for (const placed_weight& w : placed->all) {
      if (w.backend != 0) continue;
      const tensor_place place = place_of(m_, stack_of(m_.tensors[w.tensor].name));
      const bool is_output = place.kind != tensor_class::repeating;
      const auto il = is_output ? sums.size() - 1 : static_cast<std::size_t>(place.il);
      if (il < sums.size()) sums[il] += as_number(w.size);
    }
    return sums;
  }

  /// Layers of each device that leave it `spare` at least, the first ones filled first.
  [[nodiscard]] std::optional<std::vector<float>> shares(std::uint32_t n, double spare) const {
    std::vector<float> counts(room_.size());
    std::size_t device = 0;
    double taken = 0;
    for (std::size_t il = 0; il < whole_.size(); ++il) {
      const double takes = il < n ? rest_[il] : whole_[il];
      while (device < room_.size() && taken + takes > room_[device] - spare) {
        ++device;
        taken = 0;
      }
      if (device == room_.size()) return std::nullopt;
      taken += takes;
      ++counts[device];
    }
    return counts;
  }
  /// Those that leave most on the device with least.
  [[nodiscard]] std::vector<float> even_shares(std::uint32_t n) const {
    constexpr int n_halvings = 24;
    double low = 0, high = *std::max_element(room_.begin(), room_.end());
    for (int i = 0; i < n_halvings; ++i) {
      const double middle = (low + high) / 2;
      (shares(n, middle) ? low : high) = middle;
    }
    return shares(n, low).value_or(std::vector<float>{});
  }

  planner& p_;
  const model& m_;
  const run& r_;
  std::function<run(std::uint32_t)> moved_;
  std::vector<double> room_, whole_, rest_;  ///< bytes
};

}  // namespace vrambudget::detail
