// A point between two others, in whole numbers.
#pragma once

#include <cstdint>
#include <optional>

namespace vrambudget::detail {

/// Values at x on the line through those at two other places.
///
/// Formula:  value = (a (x1 - x) + b (x - x0)) / (x1 - x0)
class point_on_line {
 public:
  point_on_line(std::int64_t x0, std::int64_t x1, std::int64_t x)
      : to_last_(x1 - x), from_first_(x - x0), length_(x1 - x0) {}

  /// From the values at x0 and x1; nothing: it is no whole number.
  [[nodiscard]] std::optional<std::int64_t> operator()(std::int64_t a, std::int64_t b) const {
    if (a == b) return a;
    if (length_ == 0) return std::nullopt;
    __extension__ using wide = __int128;
    const wide sum = static_cast<wide>(a) * to_last_ + static_cast<wide>(b) * from_first_;
    if (sum % length_ != 0) return std::nullopt;
    return static_cast<std::int64_t>(sum / length_);
  }

 private:
  std::int64_t to_last_, from_first_, length_;
};

}  // namespace vrambudget::detail
