#include "vrambudget/plan/verdict.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/memory/weights.hpp"

using namespace vrambudget;

namespace {

constexpr measured_range own_context = {100_MiB, 120_MiB, 200_MiB, basis::fitted, ""};
const run eight_thousand{.n_ctx = 8192, .n_parallel = 1};

/// A card with that much free, whose driver's context takes 100 to 200 MiB.
device card_of(bytes memory) {
  device d = testing::card(memory);
  d.driver_context = own_context;
  return d;
}

run_verdict judged(const model& m, const device& d, const run& r = eight_thousand, limits l = {}) {
  planner p(m, {d}, l);
  return judge(p, r, p.budget_for(r).value()).value();
}

/// Pages of the allocations before the first of that stage.
bytes taken_before(const budget& b, term_kind stage) {
  bytes sum;
  for (const allocation& a : b.allocations) {
    if (a.stage == stage) break;
    sum += in_pages(a.size);
  }
  return sum;
}

bytes size_of(const budget& b, term_kind stage) {
  for (const allocation& a : b.allocations)
    if (a.stage == stage) return a.size;
  return {};
}

}  // namespace

TEST_SUITE("verdict") {
  TEST_CASE("buffers take whole pages of 2 MiB") {
    CHECK(in_pages(1_B) == 2_MiB);
    CHECK(in_pages(2_MiB) == 2_MiB);
    CHECK(in_pages(2_MiB + 1_B) == 4_MiB);
  }

  TEST_CASE("what pages leave unused is a term of its own, buffers keep their bytes") {
    const model m = testing::small_llama().value();
    const budget b = plan(m, eight_thousand, {testing::card()}).value();
    const device_budget& d = b.devices[0];
    // 4 layers x 8192 cells x (128 + 128) values x 2 bytes
    CHECK(d.of(term_kind::kv_cache) == 16_MiB);
    bytes pages;
    for (const term_kind k : {term_kind::weights, term_kind::kv_cache, term_kind::compute_buffer})
      pages += in_pages(d.of(k));
    CHECK(d.used() == pages + d.of(term_kind::pool) + d.of(term_kind::driver_context));
    // buffers alone are as the engine prints them
    const limits alone{.reserve = {}, .buffers_only = true};
    const device_budget only = plan(m, eight_thousand, {testing::card()}, alone).value().devices[0];
    CHECK(only.of(term_kind::page_rounding) == bytes{});
    CHECK(only.used() == d.of(term_kind::weights) + 16_MiB + d.of(term_kind::compute_buffer));
  }

  TEST_CASE("each stage is refused by 2 MiB less than it takes") {
    const model m = testing::small_llama().value();
    const limits alone{.reserve = {}, .buffers_only = true};
    const budget b = plan(m, eight_thousand, {testing::card()}, alone).value();
    for (const term_kind stage :
         {term_kind::weights, term_kind::kv_cache, term_kind::compute_buffer, term_kind::pool}) {
      CAPTURE(name(stage));
      const bytes enough = taken_before(b, stage) + in_pages(size_of(b, stage));
      const run_verdict v =
          judged(m, testing::card(saturating_sub(enough, 2_MiB)), eight_thousand, alone);
      REQUIRE(v.fails_at.has_value());
      CHECK(v.fails_at->stage == stage);
      CHECK(v.fails_at->size == size_of(b, stage));
      CHECK(v.fails_at->missing == 2_MiB);
      CHECK(v.kind ==
            (stage == term_kind::pool ? verdict_kind::fails_in_use : verdict_kind::does_not_load));
      CHECK(v.runs() == (stage == term_kind::pool));  // the buffers, which are asked about
    }
    const bytes all = taken_before(b, term_kind::page_rounding);
    CHECK(judged(m, testing::card(all), eight_thousand, alone).kind == verdict_kind::fits);
  }

  TEST_CASE("a run is tight between what is expected of a context and the most that it may take") {
    const model m = testing::small_llama().value();
    const budget b = plan(m, eight_thousand, {card_of(24_GiB)}).value();
    const bytes buffers = saturating_sub(b.devices[0].used(), 200_MiB);
    CHECK(judged(m, card_of(buffers + 200_MiB)).kind == verdict_kind::fits);
    const run_verdict tight = judged(m, card_of(buffers + 120_MiB));
    CHECK(tight.kind == verdict_kind::tight);
    CHECK(tight.runs());
    CHECK(tight.fails_at.has_value());
    CHECK(tight.decided_by == assumption::driver_context);
    const run_verdict fails = judged(m, card_of(buffers + 118_MiB));
    CHECK(fails.kind == verdict_kind::fails_in_use);
    CHECK(fails.fails_at->missing == 2_MiB);
    CHECK(fails.decided_by == assumption::driver_context);
    CHECK_FALSE(judged(m, card_of(buffers + 90_MiB)).decided_by.has_value());
  }

  TEST_CASE("a desktop decides, and where the driver moves memory nothing is refused") {
    const model m = testing::small_llama().value();
    const budget b = plan(m, eight_thousand, {card_of(24_GiB)}).value();
    device d = card_of(b.devices[0].used() + 1_GiB);
    d.others = measured_range{512_MiB, 1_GiB, 2_GiB, basis::assumed, ""};
    d.free = saturating_sub(d.total, 2_GiB);
    const run_verdict tight = judged(m, d);
    CHECK(tight.kind == verdict_kind::tight);
    CHECK(tight.decided_by == assumption::others);
    d.others->expected = 2_GiB;
    CHECK(judged(m, d).kind == verdict_kind::does_not_load);
    d.spills_from = d.total;
    const run_verdict spills = judged(m, d);
    CHECK(spills.kind == verdict_kind::spills);
    CHECK_FALSE(spills.runs());
    // 430 MiB of the card are never given out
    d.spills_from = saturating_sub(d.total, 430_MiB);
    CHECK(plan(m, eight_thousand, {d}).value().devices[0].usable ==
          saturating_sub(d.total, 2_GiB + 430_MiB));
  }

  TEST_CASE("every card that a process sees has a context of it") {
    const model m = testing::small_llama().value();
    run r = eight_thousand;
    r.split_mode = split_mode::none;
    const budget b = plan(m, r, {card_of(24_GiB), card_of(24_GiB)}).value();
    REQUIRE(b.devices.size() == 2);
    CHECK(b.devices[1].used() == 200_MiB);
    const limits alone{.reserve = {}, .buffers_only = true};
    CHECK(plan(m, r, {card_of(24_GiB), card_of(24_GiB)}, alone).value().devices.size() == 1);
  }

  TEST_CASE("where pipelined buffers do not fit the engine takes those without") {
    const model m = read_shape(find_model("Qwen3-32B").value()).value();
    const limits alone{.reserve = {}, .buffers_only = true};
    const run r{.n_ctx = 110592, .n_parallel = 1};
    const auto on_two = [&](bytes free) {
      device d = testing::card(free);
      return std::vector<device>{d, d};
    };
    const budget pipelined = plan(m, r, on_two(48_GiB), alone).value();
    CHECK(pipelined.pipelining == pipelining::used);
    const budget without = plan(m, without_pipelining(r), on_two(48_GiB), alone).value();
    CHECK(without.pipelining == pipelining::none);
    bytes fullest;  // in pages, when all is loaded
    for (std::size_t i = 0; i < 2; ++i) {
      bytes pages;
      for (const allocation& a : pipelined.allocations)
        if (a.device == i && !is_in_use(a.stage))
          pages = saturating_sub(pages, in_pages(a.replaces)) + in_pages(a.size);
      fullest = std::max(fullest, pages);
    }
    const budget retried = plan(m, r, on_two(saturating_sub(fullest, 2_MiB)), alone).value();
    CHECK(retried.pipelining == pipelining::given_up);
    for (std::size_t i = 0; i < 2; ++i)
      CHECK(retried.devices[i].of(term_kind::compute_buffer) ==
            without.devices[i].of(term_kind::compute_buffer));
    CHECK(retried.fits());
    // exactly enough is taken, and nothing is left for the pool
    const budget hole = plan(m, r, on_two(fullest), alone).value();
    CHECK(hole.pipelining == pipelining::used);
    CHECK(hole.first_refused(estimate::high)->stage == term_kind::pool);
  }
}
