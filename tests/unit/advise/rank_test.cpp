#include "vrambudget/advise/rank.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/plan/max_context.hpp"

using namespace vrambudget;

TEST_SUITE("rank") {
  TEST_CASE("what fits comes first, then what is near, has enough bits, is large, has more bits") {
    const auto of = [](bool fits, double bits, std::uint64_t n_params) {
      candidate c;
      c.fits = fits;
      c.bits_per_weight = bits;
      c.n_params = n_params;
      return c;
    };
    const candidate small = of(true, 8, 1), large = of(true, 4.5, 2), poor = of(true, 3.5, 3);
    CHECK(is_better(large, false, small, false));
    CHECK(is_better(small, true, large, false));
    CHECK(is_better(small, false, poor, false));
    CHECK(is_better(of(true, 6, 2), false, large, false));
    CHECK(is_better(small, false, of(false, 8, 9), true));
    candidate over = of(false, 8, 9), far_over = over;
    over.used = 2_GiB;
    far_over.used = 3_GiB;
    CHECK(is_better(over, false, far_over, true));
    CHECK_FALSE(is_better(far_over, true, over, false));
    CHECK_FALSE(is_better(small, false, small, false));
  }

  TEST_CASE("a candidate is the budget of its run") {
    const model m = testing::small_llama().value();  // trained for 8192 tokens
    ranking_question q{.devices = {testing::card()}};
    const candidate c = plan_candidate(q, m).value();
    const budget b = plan(m, {.n_ctx = 8192}, q.devices).value();
    CHECK(c.fits);
    CHECK(c.n_ctx == 8192);
    CHECK(c.used == b.devices[0].used());
    CHECK(c.spare == b.devices[0].spare());
    CHECK(c.largest.bound_by == context_bound::n_ctx_train);
    CHECK(fits(q, m));
    q.min_ctx = c.n_ctx_train + 1;  // more than it knows
    CHECK_FALSE(plan_candidate(q, m).value().fits);
    q.min_ctx = 0;
    q.devices = {testing::card(saturating_sub(c.weights, 1_MiB))};
    CHECK_FALSE(fits(q, m));
    CHECK_FALSE(plan_candidate(q, m).value().fits);
    q.base.split_mode = split_mode::row;  // the engine refuses it
    CHECK_FALSE(plan_candidate(q, m).has_value());
  }
}
