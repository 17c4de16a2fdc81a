// Cards of a sweep on which the same graphs run.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/plan/sweep.hpp"

namespace vrambudget::detail {

/// Sets of devices on which all of a model's buffers are the same, pools aside.
struct sweep_kind {
  /// What decides: cards of the same buffers, and the layers on each. A projector's pool is counted for one
  /// card only, so with one the cards must be alike.
  struct key {
    std::vector<std::uint32_t> cards;
    std::vector<std::tuple<backend_kind, std::uint32_t, device_limits>> devices;
    std::vector<int> layers;
    auto operator<=>(const key&) const = default;
  };
  static key key_of(const sweep_axes& axes, const model& m, const std::vector<device>& set) {
    key k;
    for (const device& d : set) {
      k.cards.push_back(axes.mmproj ? d.cc : cuda::same_buffers_from(d.cc));
      k.devices.emplace_back(d.backend, d.gfx, axes.mmproj ? d.limits : of_memory(d.limits));
      if (axes.mmproj) k.cards.push_back(d.n_sm);
      if (axes.base.split_mode == split_mode::row)  // which shares matrices by whole memory
        k.cards.push_back(static_cast<std::uint32_t>(d.total.count >> 20));
    }
    add_layers(k.layers, axes.base, set, m);
    if (axes.draft) add_layers(k.layers, placement_of_draft(axes.base), set, *axes.draft);
    return k;
  }

  const model* of;
  std::vector<std::vector<device>> sets;  ///< no two with the same pools

  /// The number of the set whose pools are those of `set`.
  std::size_t number_of(const std::vector<device>& set) {
    const auto same = [](const device& a, const device& b) {
      return a.cc == b.cc && a.n_sm == b.n_sm && a.unified == b.unified && a.limits == b.limits;
    };
    std::size_t n = 0;
    while (n < sets.size() &&
           !std::equal(set.begin(), set.end(), sets[n].begin(), sets[n].end(), same))
      ++n;
    if (n == sets.size()) sets.push_back(set);
    return n;
  }

 private:
  /// Without what only kernels depend on.
  static device_limits of_memory(device_limits l) {
    l.architecture = vulkan_architecture::unknown;
    l.by_amds_driver = false;
    return l;
  }
  static void add_layers(std::vector<int>& out, const run& r, const std::vector<device>& set,
                         const model& m) {
    const auto used = devices_of(r, set);
    if (!used) return;
    const auto where = place_layers(r, *used, m.hp.n_layer_all);
    if (!where) return;
    for (std::uint32_t il = 0; il < m.hp.n_layer_all; ++il) out.push_back(where->layer_backend(il));
    out.push_back(where->output_backend());
  }
};

}  // namespace vrambudget::detail
