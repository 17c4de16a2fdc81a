// Points between others, as weighted sums of them in whole numbers: on a line by two, on a plane by three.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace vrambudget::detail {

/// What amounts are taken to rise with.
struct plane_point {
  std::int64_t x = 0, y = 0;
  bool operator==(const plane_point&) const = default;
};

/// Twice the area of a triangle; 0: its corners lie on one line.
[[nodiscard]] constexpr std::int64_t area_of(plane_point a, plane_point b, plane_point c) {
  return (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
}

/// A point as a sum over three others, or over the first two of them.
///
/// Formula:  value = (of_0 v_0 + of_1 v_1 + of_2 v_2) / over, the weights of a triangle being the areas
///           opposite its corners
/// Shape:    x and y below 2^32 whose product is below 2^60
class weighted_points {
 public:
  /// Of a point on the line through two unlike ones.
  weighted_points(plane_point a, plane_point b, plane_point p)
      : of_{b.x - p.x, p.x - a.x, 0}, over_(b.x - a.x) {}
  /// Of a point on the plane of three that are not on one line.
  weighted_points(plane_point a, plane_point b, plane_point c, plane_point p)
      : of_{area_of(p, b, c), area_of(a, p, c), area_of(a, b, p)}, over_(area_of(a, b, c)) {}

  /// The value at the point; nothing: it is no whole number.
  [[nodiscard]] std::optional<std::int64_t> operator()(std::int64_t a, std::int64_t b,
                                                       std::int64_t c) const {
    if (a == b && b == c) return a;
    if (over_ == 0) return std::nullopt;
    __extension__ using wide = __int128;
    const wide sum = static_cast<wide>(a) * of_[0] + static_cast<wide>(b) * of_[1] +
                     static_cast<wide>(c) * of_[2];
    if (sum % over_ != 0) return std::nullopt;
    return static_cast<std::int64_t>(sum / over_);
  }

 private:
  std::array<std::int64_t, 3> of_;
  std::int64_t over_;
};

}  // namespace vrambudget::detail
