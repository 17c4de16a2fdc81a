// The amounts of one point of a sweep, as a row of numbers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vrambudget/backends/cuda/scratch.hpp"
#include "vrambudget/plan/allocation.hpp"
#include "vrambudget/plan/term.hpp"

namespace vrambudget::detail {

/// Bytes: the host's, then those of each device, then each device's buffers, one by one, then each device's
/// compute buffer for the first prompt graph and what compute buffers grow by in use, then each device's pool, as planned and on the sets of planner::count_pools_on().
class sweep_amounts {
 public:
  /// What a device holds, its pool, its driver context and the rest of its pages aside.
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

  /// `n_buffers`: of each device; there may be fewer, and others of no bytes.
  /// `rounds_pools`: pools are without their rounding.
  sweep_amounts(const std::int64_t* first, std::size_t n_devices, std::size_t n_buffers,
                bool rounds_pools)
      : v_(first), n_(n_devices), n_buffers_(n_buffers), rounds_pools_(rounds_pools) {}
  [[nodiscard]] std::int64_t host() const { return v_[0]; }
  [[nodiscard]] std::int64_t of(std::size_t device, std::size_t a) const {
    return v_[1 + device * n_amounts + a];
  }
  /// What the device's buffers leave unused of their last pages.
  [[nodiscard]] std::int64_t page_rounding(std::size_t device, bytes page) const {
    const std::int64_t* const first = v_ + 1 + n_ * n_amounts + device * n_buffers_;
    std::int64_t sum = 0;
    for (const std::int64_t* b = first; b != first + n_buffers_; ++b) {
      const bytes size{static_cast<std::uint64_t>(*b)};
      sum += static_cast<std::int64_t>(in_pages(size, page).count) - *b;
    }
    return sum;
  }
  /// What kernels draw in use, and what compute buffers grow by.
  [[nodiscard]] std::int64_t pool(std::size_t set, std::size_t device) const {
    const std::int64_t* const growth = v_ + 1 + n_ * (n_amounts + n_buffers_ + 1);
    const bytes drawn{static_cast<std::uint64_t>(growth[n_ + set * n_ + device])};
    const bytes kept = rounds_pools_ ? pad(drawn, cuda::pool_granularity) : drawn;
    return growth[device] + static_cast<std::int64_t>(kept.count);
  }
  /// What kernels' scratch leaves unused of its last page.
  [[nodiscard]] std::int64_t pool_rounding(std::size_t set, std::size_t device, bytes page) const {
    const std::int64_t grown = v_[1 + n_ * (n_amounts + n_buffers_ + 1) + device];
    const bytes drawn{static_cast<std::uint64_t>(pool(set, device) - grown)};
    return static_cast<std::int64_t>(saturating_sub(in_pages(drawn, page), drawn).count);
  }

 private:
  const std::int64_t* v_;
  std::size_t n_, n_buffers_;
  bool rounds_pools_;
};

}  // namespace vrambudget::detail
