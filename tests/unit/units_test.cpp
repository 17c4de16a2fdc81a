#include "vrambudget/units.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

TEST_SUITE("units") {
  TEST_CASE("binary prefixes are powers of two") {
    CHECK((1_KiB).count == 1024);
    CHECK((1_MiB).count == 1048576);
    CHECK((24_GiB).count == 25769803776);
  }

  TEST_CASE("sums and products stop at the largest value instead of wrapping") {
    CHECK((bytes::max() + 1_B).overflowed());
    CHECK((1_GiB * (std::uint64_t{1} << 34)).overflowed());
    CHECK_FALSE((1_GiB * (std::uint64_t{1} << 33)).overflowed());  // 2^63
    CHECK((1_B + 2_B).count == 3);
  }

  TEST_CASE("padding rounds up to the next multiple and leaves multiples alone") {
    CHECK(pad(0_B, 128).count == 0);
    CHECK(pad(1_B, 128).count == 128);
    CHECK(pad(128_B, 128).count == 128);
    CHECK(pad(bytes{bytes::max().count - 1}, 128).overflowed());
  }

  TEST_CASE("saturating_sub never goes below zero") {
    CHECK(saturating_sub(3_B, 5_B).count == 0);
    CHECK(saturating_sub(5_B, 3_B).count == 2);
  }
}
