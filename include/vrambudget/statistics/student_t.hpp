// How many standard errors an interval of 95 % spans when the spread itself comes from few values.
#pragma once

#include <array>
#include <cstddef>

namespace vrambudget {

/// Half an interval's width in standard errors: the value Student's t stays below with 97.5 %.
///
/// Units:  degrees of freedom, at least 1; between tabulated ones the next smaller, so the interval is
///         never too narrow
/// Source: NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2
[[nodiscard]] constexpr double student_t_95(std::size_t degrees_of_freedom) {
  constexpr std::array up_to_30 = {12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306,
                                   2.262,  2.228, 2.201, 2.179, 2.160, 2.145, 2.131, 2.120,
                                   2.110,  2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064,
                                   2.060,  2.056, 2.052, 2.048, 2.045, 2.042};
  if (degrees_of_freedom <= up_to_30.size()) return up_to_30[degrees_of_freedom - 1];
  return degrees_of_freedom < 40    ? 2.042
         : degrees_of_freedom < 60  ? 2.021
         : degrees_of_freedom < 100 ? 2.000
                                    : 1.984;
}

/// The same where the spread is known.
inline constexpr double normal_95 = 1.960;

}  // namespace vrambudget
