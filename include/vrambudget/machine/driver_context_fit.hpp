// What a driver takes for a process, from measured totals: what is left of a total without the
// engine's buffers is the context and a part of the pool.
#pragma once

#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/statistics/nnls.hpp"
#include "vrambudget/statistics/student_t.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// One measured process on a device.
struct context_measurement {
  bytes outside;     ///< measured, less the engine's buffers: context and pool
  bytes pool;        ///< the plan's bound for the pool; 0: known not to be drawn
  bytes resolution;  ///< the measured value may be off by this much to either side
};

/// The context's size as the measurements of a device have it.
struct context_fit {
  bytes context;
  bytes low, high;        ///< its interval of 95 %
  double pool_share = 1;  ///< part of the pool's bound that was drawn
  std::optional<double>
      pool_share_error;  ///< half its interval of 95 %; absent: taken as 1, not fitted
  std::size_t n = 0;     ///< measurements
  std::size_t degrees_of_freedom = 0;  ///< 0: the interval is the resolution's alone
  double sigma = 0;                    ///< of one measurement, bytes
  std::vector<double> residuals;       ///< measured less fitted, bytes
};

namespace detail {

/// How far the share would be known if it were fitted: half its interval of 95 %.
inline std::optional<double> share_error(std::span<const context_measurement> all, double sigma) {
  if (all.size() < 3) return std::nullopt;
  double mean = 0, squares = 0;
  for (const context_measurement& m : all) mean += static_cast<double>(m.pool.count);
  mean /= static_cast<double>(all.size());
  for (const context_measurement& m : all)
    squares += std::pow(static_cast<double>(m.pool.count) - mean, 2);
  if (squares == 0) return std::nullopt;
  return student_t_95(all.size() - 2) * sigma / std::sqrt(squares);
}

/// A row's spread if nothing but rounding moved it: evenly over twice the resolution.
inline double rounding_sigma(std::span<const context_measurement> all) {
  double squares = 0;
  for (const context_measurement& m : all)
    squares += std::pow(static_cast<double>(m.resolution.count), 2) / 3;
  return std::sqrt(squares / static_cast<double>(all.size()));
}

}  // namespace detail

/// Formula:  outside_i = context + share * pool_i, both at least 0, by least squares. The share is
///           fitted only where that leaves it within 0..1 and known to half of that range or better;
///           else it is 1, and context is the mean of outside_i - pool_i.
///           low, high = context -+ t * sigma * sqrt(covariance); sigma is not below what rounding makes
/// Errors:   invalid_argument  no measurement, or all pools together are larger than what was measured
/// Accuracy: fitted
[[nodiscard]] inline result<context_fit> fit_driver_context(
    std::span<const context_measurement> all) {
  const auto n = static_cast<Eigen::Index>(all.size());
  Eigen::MatrixXd design = Eigen::MatrixXd::Ones(n, 2);
  Eigen::VectorXd outside(n);
  for (Eigen::Index i = 0; i < n; ++i) {
    const context_measurement& m = all[static_cast<std::size_t>(i)];
    design(i, 1) = static_cast<double>(m.pool.count);
    outside[i] = static_cast<double>(m.outside.count);
  }
  const double rounding = all.empty() ? 0 : detail::rounding_sigma(all);
  const auto sigma_of = [&](const nnls_solution& s) {
    return std::max(s.sigma.value_or(0), rounding);
  };

  context_fit fit;
  fit.n = all.size();
  auto solved = nnls(design, outside);
  if (!solved) return solved.error();
  if (solved->x[1] <= 1)
    if (const auto e = detail::share_error(all, sigma_of(*solved)); e && *e <= 0.5) {
      fit.pool_share = solved->x[1];
      fit.pool_share_error = e;
    }
  if (!fit.pool_share_error) {
    solved = nnls(design.leftCols(1), outside - design.col(1));
    if (!solved) return solved.error();
  }
  if (!solved->is_free[0])
    return error{errc::invalid_argument,
                 "what was measured leaves nothing for the driver beside the buffers and the pool"};

  fit.degrees_of_freedom = static_cast<std::size_t>(solved->degrees_of_freedom);
  fit.sigma = sigma_of(*solved);
  fit.residuals.assign(solved->residual.begin(), solved->residual.end());
  const double t = fit.degrees_of_freedom ? student_t_95(fit.degrees_of_freedom) : normal_95;
  const double half = t * fit.sigma * std::sqrt(solved->unscaled_covariance(0, 0));
  const auto in_bytes = [](double size) {
    return bytes{size > 0 ? static_cast<std::uint64_t>(size) : 0};
  };
  fit.context = in_bytes(std::round(solved->x[0]));
  fit.low = in_bytes(std::floor(solved->x[0] - half));
  constexpr double noise = 1e-3;  // of a byte: what rounding adds to a whole number
  fit.high = in_bytes(std::ceil(solved->x[0] + half - noise));
  return fit;
}

}  // namespace vrambudget
