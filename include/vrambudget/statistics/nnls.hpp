// Least squares with unknowns that cannot be negative, and how well each is known. What the unknowns
// mean is the caller's.
#pragma once

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <vector>

#include "vrambudget/error.hpp"

namespace vrambudget {

/// The x >= 0 that brings A x nearest to b.
struct nnls_solution {
  Eigen::VectorXd x;  ///< each at least 0
  std::vector<bool>
      is_free;  ///< false: held at 0, by its constraint or because other columns say the same
  Eigen::VectorXd residual;             ///< b - A x
  Eigen::Index degrees_of_freedom = 0;  ///< rows less free unknowns
  std::optional<double> sigma;          ///< of one row; absent without degrees of freedom
  Eigen::MatrixXd unscaled_covariance;  ///< times sigma^2: of the free unknowns; 0 in other rows
};

namespace detail {

/// A by its free columns.
inline Eigen::MatrixXd free_columns(const Eigen::MatrixXd& a, const std::vector<bool>& is_free) {
  Eigen::MatrixXd some(a.rows(), std::count(is_free.begin(), is_free.end(), true));
  Eigen::Index to = 0;
  for (Eigen::Index j = 0; j < a.cols(); ++j)
    if (is_free[static_cast<std::size_t>(j)]) some.col(to++) = a.col(j);
  return some;
}

/// Unconstrained least squares over the free columns; the others are 0.
inline Eigen::VectorXd solve_free(const Eigen::MatrixXd& a, const Eigen::VectorXd& b,
                                  const std::vector<bool>& is_free) {
  const Eigen::VectorXd some = free_columns(a, is_free).colPivHouseholderQr().solve(b);
  Eigen::VectorXd all = Eigen::VectorXd::Zero(a.cols());
  Eigen::Index from = 0;
  for (Eigen::Index j = 0; j < a.cols(); ++j)
    if (is_free[static_cast<std::size_t>(j)]) all[j] = some[from++];
  return all;
}

}  // namespace detail

/// Formula:  minimizes |A x - b| over x >= 0: an active set that frees the unknown whose gradient
///           pulls most, and goes back to 0 with what would turn negative
/// Errors:   invalid_argument  no rows, no columns, sizes that differ, or values that are not finite
///           limit             no end after 3 steps a column and more: the columns' sizes differ too much
/// Source:   Lawson, Hanson: Solving Least Squares Problems, 1974, chapter 23
[[nodiscard]] inline result<nnls_solution> nnls(const Eigen::MatrixXd& a,
                                                const Eigen::VectorXd& b) {
  if (a.rows() == 0 || a.cols() == 0 || a.rows() != b.size())
    return error{errc::invalid_argument, "least squares needs as many values as rows, and some"};
  if (!a.allFinite() || !b.allFinite())
    return error{errc::invalid_argument, "least squares over values that are not finite"};

  const auto n = static_cast<std::size_t>(a.cols());
  nnls_solution s;
  s.x = Eigen::VectorXd::Zero(a.cols());
  s.is_free.assign(n, false);
  const auto column = [](std::size_t j) { return static_cast<Eigen::Index>(j); };
  // a gradient below this is what rounding leaves of 0
  const double noise = 10 * std::numeric_limits<double>::epsilon() *
                       static_cast<double>(a.rows() + a.cols()) * b.norm();
  for (std::size_t steps = 0;; ++steps) {
    if (steps > 3 * n + 10) return error{errc::limit, "least squares does not settle"};
    s.residual = b - a * s.x;
    std::optional<std::size_t> pulls;
    double most = 0;
    for (std::size_t j = 0; j < n; ++j) {
      const double length = a.col(column(j)).norm();
      if (s.is_free[j] || length == 0) continue;
      const double gradient = a.col(column(j)).dot(s.residual) / length;
      if (gradient > std::max(most, noise)) most = gradient, pulls = j;
    }
    if (!pulls) break;
    s.is_free[*pulls] = true;
    for (;;) {
      const Eigen::VectorXd next = detail::solve_free(a, b, s.is_free);
      double share = 1;  // of the way to `next` that keeps all at least 0
      std::size_t first = n;
      for (std::size_t j = 0; j < n; ++j)
        if (const Eigen::Index i = column(j); s.is_free[j] && next[i] <= 0)
          if (const double until = s.x[i] / (s.x[i] - next[i]); first == n || until < share)
            share = until, first = j;
      if (first == n) {
        s.x = next;
        break;
      }
      s.x += share * (next - s.x);
      s.x[column(first)] = 0;
      for (std::size_t j = 0; j < n; ++j)
        if (s.x[column(j)] <= 0) s.is_free[j] = false, s.x[column(j)] = 0;
    }
  }

  const Eigen::MatrixXd used = detail::free_columns(a, s.is_free);
  s.degrees_of_freedom = a.rows() - used.cols();
  if (s.degrees_of_freedom > 0)
    s.sigma = s.residual.norm() / std::sqrt(static_cast<double>(s.degrees_of_freedom));
  s.unscaled_covariance = Eigen::MatrixXd::Zero(a.cols(), a.cols());
  if (used.cols() == 0) return s;
  const auto qr = used.colPivHouseholderQr();
  const Eigen::MatrixXd r_inverse = qr.matrixR()
                                        .topRows(used.cols())
                                        .triangularView<Eigen::Upper>()
                                        .solve(Eigen::MatrixXd::Identity(used.cols(), used.cols()));
  const Eigen::MatrixXd some = qr.colsPermutation() * r_inverse.lazyProduct(r_inverse.transpose()) *
                               qr.colsPermutation().transpose();  // (A^T A)^-1
  for (std::size_t i = 0, fi = 0; i < n; ++i) {
    if (!s.is_free[i]) continue;
    for (std::size_t j = 0, fj = 0; j < n; ++j)
      if (s.is_free[j])
        s.unscaled_covariance(column(i), column(j)) = some(column(fi), column(fj++));
    ++fi;
  }
  return s;
}

}  // namespace vrambudget
