// Steps over many length-prefixed strings at once. Where a string ends is known only from its
// length, so a plain walk waits for each load in turn; a vocabulary has a quarter million of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "vrambudget/gguf/value.hpp"

namespace vrambudget::gguf {

/// How far a walk over strings has come.
struct string_walk {
  std::uint64_t offset = 0;  ///< bytes from the start of the data
  std::uint64_t n_left = 0;  ///< strings not yet passed
};

namespace detail {

// Several walkers share a window. The first starts where the last window ended, the others where a
// string seems to begin. A walker that lands exactly on the next one's start proves that start
// right, since from one place there is only one way on; from the first miss on the work of the
// walkers behind it is dropped. So a wrong guess costs time, never correctness.
class window_walk {
 public:
  static constexpr std::size_t n_walkers = 5;
  static constexpr std::uint64_t stride = 8192;   // bytes of the window for each walker
  static constexpr std::uint64_t longest = 4096;  // a longer string ends the window's walk
  static constexpr std::uint64_t prefix = sizeof(std::uint64_t);
  static constexpr std::uint64_t window = n_walkers * stride;
  // No walker looks beyond this many bytes, and no more strings than this can begin in a window.
  static constexpr std::uint64_t reach = window + longest + 2 * prefix;
  static constexpr std::uint64_t most_strings = window / prefix + 1;

  explicit window_walk(const std::byte* begin) {
    start_[0] = begin;
    for (std::size_t i = 1; i < n_walkers; ++i) start_[i] = likely_start(begin + i * stride);
    start_[n_walkers] = begin + window;
    for (std::size_t i = 0; i < n_walkers; ++i) at_[i] = start_[i];
  }

  struct passed {
    std::uint64_t bytes = 0;
    std::uint64_t strings = 0;  // none where the first is too long for this
  };

  // What has been passed for certain.
  passed run() {
    walk_together();
    passed sure;
    for (std::size_t i = 0; i < n_walkers; ++i) {
      std::uint64_t n = together_;
      for (; at_[i] < start_[i + 1] && length(i) <= longest; ++n) step(i);
      sure.strings += n;
      sure.bytes = static_cast<std::uint64_t>(at_[i] - start_[0]);
      if (at_[i] != start_[i + 1]) break;
    }
    return sure;
  }

 private:
  [[nodiscard]] std::uint64_t length(std::size_t i) const { return load<std::uint64_t>(at_[i]); }
  void step(std::size_t i) { at_[i] += prefix + length(i); }

  // All walkers in step until one has reached its end or meets a long string. Each position is
  // kept as its distance to the end: negative on the way, so one AND tells whether all are.
  void walk_together() {
    std::array<std::int64_t, n_walkers> to_go;
    std::array<const std::byte*, n_walkers> stop;
    for (std::size_t i = 0; i < n_walkers; ++i) {
      stop[i] = start_[i + 1];
      to_go[i] = at_[i] - stop[i];
    }
    std::uint64_t n = 0;
    for (;; ++n) {
      std::array<std::uint64_t, n_walkers> step;
      std::uint64_t all = 0;
      std::int64_t going = -1;
      for (std::size_t i = 0; i < n_walkers; ++i) {
        step[i] = load<std::uint64_t>(stop[i] + to_go[i]);
        all |= step[i];
        going &= to_go[i];
      }
      if (all >= longest || going >= 0) break;  // their OR is not below the longest
      for (std::size_t i = 0; i < n_walkers; ++i)
        to_go[i] += static_cast<std::int64_t>(prefix + step[i]);
    }
    for (std::size_t i = 0; i < n_walkers; ++i) at_[i] = stop[i] + to_go[i];
    together_ = n;
  }

  // Most strings of a vocabulary are shorter than 256 bytes: seven zero bytes end their length.
  static const std::byte* likely_start(const std::byte* from) {
    constexpr std::uint64_t short_length = 256;
    for (const std::byte* p = from; p != from + short_length; ++p) {
      const auto first = load<std::uint64_t>(p);
      if (first < short_length && load<std::uint64_t>(p + prefix + first) < short_length) return p;
    }
    return from;
  }

  std::array<const std::byte*, n_walkers + 1> start_;
  std::array<const std::byte*, n_walkers> at_;
  std::uint64_t together_ = 0;
};

}  // namespace detail

/// Passes `n` strings from `offset` on, each at most `max_length` bytes, and stops before the first
/// that is longer or not wholly in the data. Of each string only the length is read.
[[nodiscard]] inline string_walk walk_strings(std::span<const std::byte> data, string_walk walk,
                                              std::uint64_t max_length) {
  using detail::window_walk;
  const std::byte* next = data.data() + walk.offset;
  std::uint64_t left = data.size() - walk.offset;
  while (walk.n_left >= window_walk::most_strings && left >= window_walk::reach &&
         max_length >= window_walk::longest) {
    const window_walk::passed sure = window_walk(next).run();
    if (sure.strings == 0) break;
    next += sure.bytes;
    left -= sure.bytes;
    walk.n_left -= sure.strings;
  }
  for (; walk.n_left != 0 && left >= window_walk::prefix; --walk.n_left) {
    const auto length = detail::load<std::uint64_t>(next);
    if (length > left - window_walk::prefix || length > max_length) break;
    next += window_walk::prefix + length;
    left -= window_walk::prefix + length;
  }
  walk.offset = data.size() - left;
  return walk;
}

}  // namespace vrambudget::gguf
