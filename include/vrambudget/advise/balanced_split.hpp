// A `-ts` by which each card holds what it is given, where the engine's own, by free memory, does not.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "vrambudget/plan/planner.hpp"

namespace vrambudget::detail {

/// Looks for the layers of each card. Shares are counts of layers, which the engine then gives exactly.
class split_search {
 public:
  split_search(planner& p, const run& r) : p_(p), r_(r), n_cards_(p.devices().size()) {}

  /// Cards are filled in their order, then layers go where there is more room while the fullest card gains.
  [[nodiscard]] std::optional<run> find() {
    const std::uint32_t n_all = p_.get_model().hp.n_layer_all + 1;
    if (r_.split_mode != split_mode::layer || n_cards_ < 2) return std::nullopt;
    std::uint32_t left =
        r_.n_gpu_layers < 0 ? n_all : std::min(n_all, static_cast<std::uint32_t>(r_.n_gpu_layers));
    layers_.assign(n_cards_, 0);
    for (std::size_t i = 0; i + 1 < n_cards_; ++i) left -= layers_[i] = most_on(i, left);
    layers_.back() = left;
    auto room = spare();
    if (!room) return std::nullopt;
    while (even_out(*room))
      ;
    return shared();
  }

 private:
  [[nodiscard]] run shared() const {
    run r = r_;
    r.tensor_split.assign(layers_.begin(), layers_.end());
    return r;
  }

  /// As many of `left` layers as card `i` holds, the others on the last one.
  [[nodiscard]] std::uint32_t most_on(std::size_t i, std::uint32_t left) {
    std::uint32_t holds = 0, too_many = left + 1;
    while (holds + 1 < too_many) {
      const std::uint32_t n = holds + (too_many - holds) / 2;
      layers_[i] = n;
      layers_.back() = left - n;
      const result<budget> b = p_.budget_for(shared());
      const device_budget* d =
          b ? b->find_device({.index = static_cast<std::uint32_t>(i)}) : nullptr;
      (b && (!d || d->fits()) ? holds : too_many) = n;
    }
    return holds;
  }

  /// What each card has left; nothing if one has too little.
  [[nodiscard]] std::optional<std::vector<bytes>> spare() {
    const result<budget> b = p_.budget_for(shared());
    if (!b || !b->fits_devices()) return std::nullopt;
    std::vector<bytes> all(n_cards_, bytes::max());
    for (const device_budget& d : b->devices) all[d.id.index] = d.spare();
    return all;
  }

  /// Moves a layer from the fullest card to the emptiest, if the fullest has more left then.
  [[nodiscard]] bool even_out(std::vector<bytes>& room) {
    const auto [full, empty] = std::minmax_element(room.begin(), room.end());
    const auto from = static_cast<std::size_t>(full - room.begin()),
               to = static_cast<std::size_t>(empty - room.begin());
    if (from == to || layers_[from] <= 1) return false;
    --layers_[from], ++layers_[to];
    auto after = spare();
    if (after && *std::min_element(after->begin(), after->end()) > *full) {
      room = std::move(*after);
      return true;
    }
    ++layers_[from], --layers_[to];
    return false;
  }

  planner& p_;
  const run& r_;
  std::size_t n_cards_;
  std::vector<std::uint32_t> layers_;
};

}  // namespace vrambudget::detail
