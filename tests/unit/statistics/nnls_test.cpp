#include "vrambudget/statistics/nnls.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace vrambudget;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

MatrixXd rows(std::initializer_list<std::initializer_list<double>> all) { return MatrixXd(all); }

VectorXd values(std::initializer_list<double> all) {
  VectorXd v(static_cast<Eigen::Index>(all.size()));
  std::copy(all.begin(), all.end(), v.begin());
  return v;
}

/// The nearest point by trying every set of free columns: normal equations, negative ones thrown away.
double nearest_by_trial(const MatrixXd& a, const VectorXd& b) {
  double best = b.squaredNorm();
  for (unsigned set = 1; set < 1u << a.cols(); ++set) {
    MatrixXd some(a.rows(), 0);
    for (Eigen::Index j = 0; j < a.cols(); ++j)
      if (set >> j & 1) {
        some.conservativeResize(a.rows(), some.cols() + 1);
        some.rightCols(1) = a.col(j);
      }
    const VectorXd x = (some.transpose() * some).ldlt().solve(some.transpose() * b);
    if ((x.array() >= 0).all()) best = std::min(best, (b - some * x).squaredNorm());
  }
  return best;
}

}  // namespace

TEST_SUITE("nnls") {
  TEST_CASE("a line through four points has the textbook's errors") {
    // y = 2 + 3 x, with errors +1 -1 -1 +1 that no line takes away; x = 0 1 2 3
    const auto s = nnls(rows({{1, 0}, {1, 1}, {1, 2}, {1, 3}}), values({3, 4, 7, 12})).value();
    CHECK(s.x[0] == doctest::Approx(2));
    CHECK(s.x[1] == doctest::Approx(3));
    CHECK(s.degrees_of_freedom == 2);
    CHECK(*s.sigma == doctest::Approx(std::sqrt(2.0)));  // sqrt(4 / 2)
    // mean of x 3/2, sum of squares about it 5: 1/4 + (3/2)^2/5, 1/5 and -(3/2)/5
    CHECK(s.unscaled_covariance(0, 0) == doctest::Approx(0.7));
    CHECK(s.unscaled_covariance(1, 1) == doctest::Approx(0.2));
    CHECK(s.unscaled_covariance(0, 1) == doctest::Approx(-0.3));
  }

  TEST_CASE("an unknown that would be negative is 0 and the rest is fitted without it") {
    // the line would be 15/2 - x; without a slope the mean is 6
    const auto s = nnls(rows({{1, 0}, {1, 1}, {1, 2}, {1, 3}}), values({8, 6, 5, 5})).value();
    CHECK(s.x[0] == doctest::Approx(6));
    CHECK(s.x[1] == 0);
    CHECK(s.is_free[0]);
    CHECK_FALSE(s.is_free[1]);
    CHECK(s.degrees_of_freedom == 3);
    CHECK(*s.sigma == doctest::Approx(std::sqrt(2.0)));  // sqrt((4 + 0 + 1 + 1) / 3)
    CHECK(s.unscaled_covariance(0, 0) == doctest::Approx(0.25));
    CHECK(s.unscaled_covariance(1, 1) == 0);
    CHECK(s.residual[0] == doctest::Approx(2));
  }

  TEST_CASE("where nothing points to more than 0 all is 0") {
    const auto s = nnls(rows({{1, 0}, {0, 1}}), values({-1, -2})).value();
    CHECK(s.x.isZero());
    CHECK(s.degrees_of_freedom == 2);
    CHECK(nnls(rows({{0, 0}}), values({5})).value().x.isZero());
  }

  TEST_CASE("of columns that say the same one is free") {
    const auto s = nnls(rows({{1, 2}, {1, 2}, {1, 2}}), values({4, 4, 7})).value();
    CHECK(s.x[0] + 2 * s.x[1] == doctest::Approx(5));  // the mean
    CHECK(s.is_free[0] != s.is_free[1]);
    CHECK(s.degrees_of_freedom == 2);
    CHECK(*s.sigma == doctest::Approx(std::sqrt(3.0)));  // sqrt((1 + 1 + 4) / 2)
  }

  TEST_CASE("as many unknowns as rows leave no spread to tell") {
    const auto s = nnls(rows({{1, 1}, {1, 2}}), values({3, 5})).value();
    CHECK(s.x[0] == doctest::Approx(1));
    CHECK(s.x[1] == doctest::Approx(2));
    CHECK(s.degrees_of_freedom == 0);
    CHECK_FALSE(s.sigma);
    CHECK(nnls(rows({{1, 3}}), values({6})).value().residual.norm() == doctest::Approx(0));
  }

  TEST_CASE("no other choice of free unknowns comes nearer") {
    std::mt19937 random(20);
    std::normal_distribution<double> normal;
    for (int i = 0; i < 300; ++i) {
      CAPTURE(i);
      MatrixXd a(7, 4);
      VectorXd b(7);
      for (double& v : a.reshaped()) v = normal(random);
      for (double& v : b) v = normal(random);
      if (i % 3 == 0) a.col(2) *= 1e9;  // sizes in bytes beside ones
      const auto s = nnls(a, b).value();
      CHECK((s.x.array() >= 0).all());
      CHECK(s.residual.squaredNorm() == doctest::Approx(nearest_by_trial(a, b)));
    }
  }

  TEST_CASE("what cannot be solved is refused") {
    CHECK(nnls(MatrixXd(0, 2), VectorXd(0)).error().code == errc::invalid_argument);
    CHECK(nnls(rows({{1}}), values({1, 2})).error().code == errc::invalid_argument);
    CHECK(nnls(rows({{1}}), values({NAN})).error().code == errc::invalid_argument);
    CHECK(nnls(rows({{INFINITY}}), values({1})).error().code == errc::invalid_argument);
  }
}
