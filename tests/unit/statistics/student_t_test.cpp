#include "vrambudget/statistics/student_t.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

using namespace vrambudget;

namespace {

/// Part of Student's distribution below t, by Simpson's rule over its density.
double below(double t, double n) {
  const double scale =
      std::exp(std::lgamma((n + 1) / 2) - std::lgamma(n / 2)) / std::sqrt(n * std::numbers::pi);
  const auto density = [&](double x) { return scale * std::pow(1 + x * x / n, -(n + 1) / 2); };
  constexpr int pieces = 4000;
  double sum = density(0) + density(t);
  for (int i = 1; i < pieces; ++i) sum += density(t * i / pieces) * (i % 2 ? 4 : 2);
  return 0.5 + sum * t / pieces / 3;
}

}  // namespace

TEST_SUITE("student t") {
  TEST_CASE("one and two degrees of freedom are as their closed forms") {
    CHECK(student_t_95(1) == doctest::Approx(std::tan(0.475 * std::numbers::pi)).epsilon(1e-4));
    CHECK(student_t_95(2) ==
          doctest::Approx(0.95 * std::sqrt(2 / (1 - 0.95 * 0.95))).epsilon(1e-4));
  }

  TEST_CASE("97.5 % lie below each tabulated value and never fewer in between") {
    for (std::size_t n = 1; n <= 300; ++n) {
      CAPTURE(n);
      const double part = below(student_t_95(n), static_cast<double>(n));
      CHECK(part > 0.97497);
      if (n <= 30) CHECK(part < 0.97503);
      if (n > 30) CHECK(part < 0.9766);
      CHECK(student_t_95(n + 1) <= student_t_95(n));
    }
  }
}
