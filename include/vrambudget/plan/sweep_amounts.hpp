// The amounts of one point of a sweep, as a row of numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vrambudget/plan/term.hpp"

namespace vrambudget::detail {

/// Bytes: the host's, then those of each device, then each device's pool, as planned and on the sets of
/// planner::count_pools_on().
class sweep_amounts {
 public:
  /// What a device holds, its pool and its driver context aside.
  enum amount { weights, kv_cache, recurrent_state, compute_buffer, other, n_amounts };

  static amount amount_of(term_kind k) {
    switch (k) {
      case term_kind::weights:
        return weights;
      case term_kind::kv_cache:
        return kv_cache;
      case term_kind::recurrent_state:
        return recurrent_state;
      case term_kind::compute_buffer:
        return compute_buffer;
      default:
        return other;
    }
  }

  sweep_amounts(const std::int64_t* first, std::size_t n_devices) : v_(first), n_(n_devices) {}
  [[nodiscard]] std::int64_t host() const { return v_[0]; }
  [[nodiscard]] std::int64_t of(std::size_t device, std::size_t a) const {
    return v_[1 + device * n_amounts + a];
  }
  [[nodiscard]] std::int64_t pool(std::size_t set, std::size_t device) const {
    return v_[1 + n_ * n_amounts + set * n_ + device];
  }

 private:
  const std::int64_t* v_;
  std::size_t n_;
};

}  // namespace vrambudget::detail
