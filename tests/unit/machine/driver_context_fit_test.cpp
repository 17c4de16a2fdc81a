#include "vrambudget/machine/driver_context_fit.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

namespace {

constexpr double mib = 1 << 20;

double in_mib(bytes b) { return static_cast<double>(b.count) / mib; }

context_measurement measured(std::uint64_t outside_mib, std::uint64_t pool_mib,
                             bytes resolution = {}) {
  return {1_MiB * outside_mib, 1_MiB * pool_mib, resolution};
}

}  // namespace

TEST_SUITE("driver context fit") {
  TEST_CASE("one measurement gives the rest after its pool, as well as it was read") {
    const context_measurement one[] = {measured(267, 14)};
    const context_fit exact = fit_driver_context(one).value();
    CHECK(exact.context == 253_MiB);
    CHECK(exact.low == 253_MiB);
    CHECK(exact.high == 253_MiB);
    CHECK(exact.pool_share == 1);
    CHECK_FALSE(exact.pool_share_error);
    CHECK(exact.degrees_of_freedom == 0);
    // read as 23.2 GiB: evenly within 51.2 MiB, whose sigma is 51.2 / sqrt(3) = 29.56
    const context_measurement coarse[] = {measured(267, 14, {53687091})};
    const context_fit f = fit_driver_context(coarse).value();
    CHECK(in_mib(f.high) == doctest::Approx(253 + 1.960 * 29.560).epsilon(1e-5));
    CHECK(in_mib(f.low) == doctest::Approx(253 - 1.960 * 29.560).epsilon(1e-5));
  }

  TEST_CASE("pools alike leave the share at 1 and the spread makes the interval") {
    // 250, 252 and 254 are left: mean 252, s = 2, standard error 2 / sqrt(3), t of 2 is 4.303
    const context_measurement all[] = {measured(264, 14), measured(266, 14), measured(268, 14)};
    const context_fit f = fit_driver_context(all).value();
    CHECK(f.context == 252_MiB);
    CHECK(in_mib(f.high) == doctest::Approx(252 + 4.9687).epsilon(1e-5));
    CHECK(in_mib(f.low) == doctest::Approx(252 - 4.9687).epsilon(1e-5));
    CHECK(f.sigma == doctest::Approx(2 * mib));
    CHECK(f.degrees_of_freedom == 2);
    CHECK_FALSE(f.pool_share_error);
    CHECK(f.residuals[0] == doctest::Approx(-2 * mib));
    CHECK(f.residuals[2] == doctest::Approx(2 * mib));
  }

  TEST_CASE("two measurements cannot tell the share however different their pools") {
    // 250 and 230 are left: s = 20 / sqrt(2), standard error 10, t of 1 is 12.706
    const context_measurement all[] = {measured(250, 0), measured(330, 100)};
    const context_fit f = fit_driver_context(all).value();
    CHECK(f.pool_share == 1);
    CHECK_FALSE(f.pool_share_error);
    CHECK(f.context == 240_MiB);
    CHECK(in_mib(f.high) == doctest::Approx(240 + 127.06).epsilon(1e-5));
  }

  TEST_CASE("pools apart give the share and the context their standard errors") {
    // 250 + pool / 2 with errors +1 -1 -1 +1: s^2 = 2, squares of pools about their mean 50000
    const context_measurement all[] = {measured(251, 0), measured(299, 100), measured(349, 200),
                                       measured(401, 300)};
    const context_fit f = fit_driver_context(all).value();
    CHECK(f.pool_share == doctest::Approx(0.5));
    // t of 2 times sqrt(2 / 50000), and times sqrt(2 (1/4 + 150^2 / 50000)) = sqrt(1.4)
    CHECK(*f.pool_share_error == doctest::Approx(4.303 * 0.0063246).epsilon(1e-4));
    CHECK(f.context == 250_MiB);
    CHECK(in_mib(f.high) == doctest::Approx(250 + 4.303 * 1.18322).epsilon(1e-5));
    CHECK(in_mib(f.low) == doctest::Approx(250 - 4.303 * 1.18322).epsilon(1e-5));
  }

  TEST_CASE("a share is never negative") {
    // falls with the pool: share 0, mean 250, s = sqrt(218 / 3), standard error half of it
    const context_measurement all[] = {measured(260, 0), measured(253, 100), measured(247, 200),
                                       measured(240, 300)};
    const context_fit f = fit_driver_context(all).value();
    CHECK(f.pool_share == 0);
    CHECK(f.pool_share_error);
    CHECK(f.context == 250_MiB);
    CHECK(in_mib(f.high) == doctest::Approx(250 + 3.182 * 4.26224).epsilon(1e-5));
  }

  TEST_CASE("a share over 1 or hardly known is taken as 1") {
    // rises by 2 a MiB of pool: 250, 350 and 450 are left
    const context_measurement steep[] = {measured(250, 0), measured(450, 100), measured(650, 200)};
    const context_fit s = fit_driver_context(steep).value();
    CHECK(s.pool_share == 1);
    CHECK_FALSE(s.pool_share_error);
    CHECK(s.context == 350_MiB);
    // slope 1/2 with s = sqrt(96), pools 2 MiB apart: known to 12.706 sqrt(96 / 8)
    const context_measurement loose[] = {measured(259, 0), measured(244, 2), measured(261, 4)};
    const context_fit l = fit_driver_context(loose).value();
    CHECK_FALSE(l.pool_share_error);
    CHECK(in_mib(l.context) == doctest::Approx((259 + 242 + 257) / 3.0));
  }

  TEST_CASE("equal readings are known no better than they were read") {
    // each evenly within 1.5 MiB: sigma 1.5 / sqrt(3), standard error of three 0.5
    const context_measurement all[] = {measured(264, 14, 1_MiB + 512_KiB),
                                       measured(264, 14, 1_MiB + 512_KiB),
                                       measured(264, 14, 1_MiB + 512_KiB)};
    const context_fit f = fit_driver_context(all).value();
    CHECK(in_mib(f.high) == doctest::Approx(250 + 4.303 * 0.5).epsilon(1e-6));
  }

  TEST_CASE("measurements that leave nothing for the driver are refused") {
    CHECK(fit_driver_context({}).error().code == errc::invalid_argument);
    const context_measurement less[] = {measured(100, 500)};
    CHECK(fit_driver_context(less).error().code == errc::invalid_argument);
    const context_measurement as_much[] = {measured(500, 500)};
    CHECK(fit_driver_context(as_much).error().code == errc::invalid_argument);
  }
}
