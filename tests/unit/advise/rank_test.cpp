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

  TEST_CASE("what is preferred decides among those that lie alike and have enough bits") {
    const auto of = [](on_host moved, double bits, double median, double most,
                       std::uint32_t n_ctx) {
      candidate c;
      c.fits = true;
      c.moved = moved;
      c.bits_per_weight = bits;
      c.n_params = 1;
      c.n_ctx = n_ctx;
      if (most > 0) {
        c.speed.emplace();
        c.speed->most = most;
        if (median > 0) c.speed->expected = {median / 2, median, median * 2, 4, ""};
      }
      return c;
    };
    const auto all = on_host::nothing;
    const candidate slow = of(all, 5, 20, 60, 9000), fast = of(all, 5, 30, 50, 8000);
    const candidate bound = of(all, 5, 0, 90, 8500), unknown = of(all, 5, 0, 0, 10000);
    const auto better = [](const candidate& a, const candidate& b, preference p) {
      return is_better(a, false, b, false, p) && !is_better(b, false, a, false, p);
    };
    CHECK(better(fast, slow, preference::speed));
    CHECK(better(slow, bound, preference::speed));  // a bound is no expectation
    CHECK(better(bound, unknown, preference::speed));
    CHECK(better(unknown, slow, preference::context));
    CHECK(better(slow, fast, preference::context));
    CHECK(better(of(all, 3, 20, 60, 9000), of(on_host::feed_forward, 9, 99, 99, 9999),
                 preference::speed));
    CHECK(better(of(on_host::feed_forward, 3, 1, 2, 1), of(on_host::layers, 9, 9, 9, 9),
                 preference::quality));
    CHECK(better(slow, of(all, 3, 99, 99, 99999), preference::context));
  }

  TEST_CASE("the words of a preference are all that is taken") {
    for (const auto& [word, p] : preference_words) {
      CHECK(parse_preference(word).value() == p);
      CHECK(name(p) == word);
    }
    CHECK(parse_preference("fastest").error().message ==
          "'fastest' is none of quality, speed, context, balance");
  }

  TEST_CASE("what has no room comes with a part on the host, where that is known") {
    const model m = testing::small_llama().value();
    ranking_question q{.devices = {testing::card()}};
    const candidate whole = plan_candidate(q, m).value();
    q.devices = {testing::card(saturating_sub(whole.used, 1_MiB))};
    CHECK_FALSE(plan_if_fits(q, m));
    CHECK_FALSE(holds(q, m));
    CHECK_FALSE(plan_with_host(q, m));  // nobody said what the host has
    q.held_against.ram = 4_GiB;
    const candidate part = plan_with_host(q, m).value();
    CHECK(part.fits);
    CHECK(part.moved == on_host::feed_forward);
    CHECK(part.how.n_on_host > 0);
    CHECK(part.planned.n_cpu_ffn == part.how.n_on_host);
    CHECK(part.host > whole.host);
    CHECK(part.n_ctx == whole.n_ctx);
    CHECK(part.largest.n_ctx == 0);  // not looked for
    q.min_ctx = m.hp.n_ctx_train + 1;
    CHECK_FALSE(plan_with_host(q, m));
    q.min_ctx = 0;
    q.base.n_gpu_layers = 2;  // said
    CHECK_FALSE(plan_with_host(q, m));
    q.base.n_gpu_layers = -1;
    q.held_against.ram = 16_MiB;  // less than the server itself
    CHECK_FALSE(plan_with_host(q, m));
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
    CHECK(plan_if_fits(q, m).value().used == c.used);
    CHECK(holds(q, m));
    q.min_ctx = c.n_ctx_train + 1;  // more than it knows
    CHECK_FALSE(plan_candidate(q, m).value().fits);
    q.min_ctx = 0;
    q.devices = {testing::card(saturating_sub(c.weights, 1_MiB))};
    CHECK_FALSE(plan_if_fits(q, m));
    CHECK_FALSE(plan_candidate(q, m).value().fits);
    q.base.split_mode = split_mode::row;  // the engine refuses it
    CHECK_FALSE(plan_candidate(q, m).has_value());
  }
}
