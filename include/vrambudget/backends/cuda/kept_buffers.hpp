// A scratch pool without virtual memory: buffers that it keeps, and how much memory it cannot do without.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "vrambudget/backends/cuda/scratch.hpp"

namespace vrambudget::cuda {

namespace detail {

/// The pool of one device while operations draw from it and give back. A request takes the smallest buffer kept
/// that is large enough, however much larger; a new one is a twentieth larger than asked for. What is kept is freed
/// when there is no room for a new one.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_pool_leg
class kept_buffers {
 public:
  explicit kept_buffers(std::uint64_t room) : room_(room) {}

  /// Whether all requests of an operation, in order, are granted.
  bool draw(const requests& all) {
    std::vector<std::uint64_t> held;
    for (const std::uint64_t size : all) {
      const auto buffer = take(size);
      if (!buffer) return false;
      held.push_back(*buffer);
    }
    kept_.insert(kept_.end(), held.rbegin(), held.rend());
    return true;
  }

 private:
  std::optional<std::uint64_t> take(std::uint64_t size) {
    auto best = kept_.end();
    for (auto it = kept_.begin(); it != kept_.end(); ++it)
      if (*it >= size && (best == kept_.end() || *it < *best)) best = it;
    if (best != kept_.end()) {
      const std::uint64_t found = *best;
      kept_.erase(best);
      return found;
    }
    const std::uint64_t made = made_buffer(size), pages = in_pool_pages(made);
    if (used_ + pages > room_) {
      for (const std::uint64_t k : kept_) used_ -= in_pool_pages(k);
      kept_.clear();
    }
    if (used_ + pages > room_) return std::nullopt;
    used_ += pages;
    return made;
  }

  std::uint64_t room_, used_ = 0;
  std::vector<std::uint64_t> kept_;
};

}  // namespace detail

/// The least memory with which operations in this order, again and again, are granted all they ask for.
///
/// Formula:  at least what the largest operation takes of an empty pool; by bisection the first size with which two
///           rounds pass
/// Units:    bytes, whole pages
[[nodiscard]] inline std::uint64_t least_kept(std::span<const requests> in_order) {
  std::uint64_t least = 0, most = 0;
  for (const requests& r : in_order) {
    std::uint64_t alone = 0;
    for (const std::uint64_t n : r) alone += pool_buffer(n);
    least = std::max(least, alone);
    most += alone;
  }
  const auto passes = [&](std::uint64_t room) {
    detail::kept_buffers pool(room);
    for (int round = 0; round < 2; ++round)
      for (const requests& r : in_order)
        if (!pool.draw(r)) return false;
    return true;
  };
  while (least < most && !passes(least)) {
    const std::uint64_t middle = least + in_pool_pages((most - least) / 2);
    if (middle >= most) return most;
    if (passes(middle))
      most = middle;
    else
      least = middle;
    least += pool_granularity;
  }
  return least;
}

}  // namespace vrambudget::cuda
