#include "vrambudget/plan/max_context.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/plan/kept_pages.hpp"

using namespace vrambudget;

TEST_SUITE("solve") {
  TEST_CASE("the largest context fits and the next step does not") {
    const model m = testing::small_llama([](gguf::writer& w) {
                      w.add("llama.rope.scaling.original_context_length", std::uint32_t{8192});
                    }).value();
    // enough for the buffers and about half of the trained 8192 tokens
    const bytes budgeted =
        plan(m, {.n_ctx = 4096, .n_parallel = 1}, {testing::card()}).value().devices[0].used();
    planner p(m, {testing::card(budgeted)});
    const run r{.n_parallel = 1};
    const context_limit most = max_context(p, r).value();
    CHECK(most.n_ctx >= 4096);
    CHECK(most.bound_by == context_bound::device);
    CHECK(most.full == device_id{.index = 0});
    const auto fits = [&](std::uint32_t n) {
      run at = r;
      at.n_ctx = n;
      return p.budget_for(at).value().fits();
    };
    CHECK(fits(most.n_ctx));
    CHECK_FALSE(fits(most.n_ctx + 256));
  }

  TEST_CASE("training bounds a context that memory does not and a limit reaches beyond it") {
    const model m = testing::small_llama().value();
    planner p(m, {testing::card()});
    CHECK(max_context(p, {.n_parallel = 1}).value().n_ctx == 8192);
    CHECK(max_context(p, {.n_parallel = 1}).value().bound_by == context_bound::n_ctx_train);
    CHECK(max_context(p, {.n_parallel = 2}).value().n_ctx == 2 * 8192);
    CHECK(max_context(p, {.n_parallel = 1}, 65536).value().n_ctx == 65536);
  }

  TEST_CASE("a search that begins at a run that is known finds the same") {
    const model m = testing::small_llama([](gguf::writer& w) {
                      w.add("llama.rope.scaling.original_context_length", std::uint32_t{8192});
                    }).value();
    for (const std::uint32_t n_parallel : {1u, 4u}) {
      const run r{.n_ctx = 2048, .n_parallel = n_parallel};
      const bytes least = plan(m, r, {testing::card()}).value().devices[0].used();
      for (bytes more; more <= 64_MiB; more += 1_MiB) {
        CAPTURE(more.count);
        planner p(m, {testing::card(least + more)});
        const budget b = p.budget_for(r).value();
        REQUIRE(b.fits());
        const context_limit as_usual = max_context(p, r).value();
        const context_limit found = max_context(p, r, 0, &b).value();
        CHECK(found.n_ctx == as_usual.n_ctx);
        CHECK(found.n_ctx_loads == as_usual.n_ctx_loads);
        CHECK(found.bound_by == as_usual.bound_by);
        CHECK(found.full == as_usual.full);
      }
    }
  }

  TEST_CASE("weights and caches are what the budget has of them") {
    const model m = testing::small_llama().value();
    const std::vector<device> cards = {testing::card(), testing::card()};
    for (const ggml_type type : {ggml_type::f16, ggml_type::q8_0}) {
      const run r{.n_ctx = 8192, .n_parallel = 2, .type_k = type, .type_v = type};
      const auto kept = kept_pages_of(m, r, cards, true);
      REQUIRE(kept);
      const budget b = plan(m, r, cards).value();
      for (std::size_t i = 0; i < cards.size(); ++i) {
        bytes weights, caches;
        for (const allocation& a : b.allocations) {
          if (a.device != i) continue;
          if (a.stage == term_kind::weights) weights += in_pages(a.size);
          if (a.stage == term_kind::kv_cache) caches += in_pages(a.size);
        }
        CHECK(kept->weights[i] == weights);
        CHECK(kept->caches[i] == caches);
        CHECK(caches.count > 0);
      }
    }
  }

  TEST_CASE("no context at all is zero") {
    const model m = testing::small_llama().value();
    planner p(m, {testing::card(1_MiB)});
    CHECK(max_context(p, {}).value().n_ctx == 0);
  }

  TEST_CASE("every suggestion makes the run fit") {
    const model m = testing::small_llama().value();
    const run r{.n_ctx = 8192};
    const bytes needed = plan(m, r, {testing::card()}).value().devices[0].used();
    planner p(m, {testing::card(saturating_sub(needed, 1_MiB))});
    REQUIRE_FALSE(p.budget_for(r).value().fits());
    const auto all = what_would_fit(p, r);
    CHECK(all.size() >= 3);
    for (const suggestion& s : all) {
      CAPTURE(static_cast<int>(s.changes.front()));
      const budget b = p.budget_for(s.changed).value();
      CHECK(b.fits());
      CHECK(s.spare == b.devices[0].spare());
    }
  }
}
