// Amounts of memory. One type, 64-bit, that never wraps.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>

namespace vrambudget {

/// An amount of memory in bytes. Sums and products saturate at `bytes::max()` instead of wrapping,
/// so an absurd input reads as "does not fit"; `overflowed()` tells.
struct bytes {
  std::uint64_t count = 0;

  static constexpr bytes max() { return {std::numeric_limits<std::uint64_t>::max()}; }
  [[nodiscard]] constexpr bool overflowed() const { return count == max().count; }

  constexpr bytes& operator+=(bytes b) {
    if (__builtin_add_overflow(count, b.count, &count)) *this = max();
    return *this;
  }
  friend constexpr bytes operator+(bytes a, bytes b) { return a += b; }
  friend constexpr bytes operator*(bytes a, std::uint64_t n) {
    bytes r;
    return __builtin_mul_overflow(a.count, n, &r.count) ? max() : r;
  }
  friend constexpr bytes operator*(std::uint64_t n, bytes a) { return a * n; }
  friend constexpr auto operator<=>(bytes, bytes) = default;
};

/// a - b, or zero where b is larger.
constexpr bytes saturating_sub(bytes a, bytes b) {
  return {a.count > b.count ? a.count - b.count : 0};
}

/// In MiB and GiB, for what is told or reckoned with parts of them.
constexpr double mib_of(bytes b) { return static_cast<double>(b.count) / (1u << 20); }
constexpr double gib_of(bytes b) { return static_cast<double>(b.count) / (1u << 30); }

/// How many parts of size `b` take `a`, the last of them whole or not.
[[nodiscard]] constexpr std::uint64_t ceil_div(std::uint64_t a, std::uint64_t b) {
  return (a + b - 1) / b;
}

/// Smallest multiple of `alignment` (at least 1) that is not below `size`.
constexpr bytes pad(bytes size, std::uint64_t alignment) {
  const std::uint64_t rest = size.count % alignment;
  return rest == 0 ? size : size + bytes{alignment - rest};
}

inline namespace literals {
constexpr bytes operator""_B(unsigned long long n) { return {n}; }
constexpr bytes operator""_KiB(unsigned long long n) { return bytes{1u << 10} * n; }
constexpr bytes operator""_MiB(unsigned long long n) { return bytes{1u << 20} * n; }
constexpr bytes operator""_GiB(unsigned long long n) { return bytes{1u << 30} * n; }
}  // namespace literals

}  // namespace vrambudget
