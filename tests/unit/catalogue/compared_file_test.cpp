#include "vrambudget/catalogue/compared_file.hpp"

#include <doctest/doctest.h>

#include <set>

#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/report/comparison.hpp"

using namespace vrambudget;

TEST_SUITE("compared_file") {
  TEST_CASE("its contexts are the largest by each type of cache, its spare that of the run") {
    const model m = testing::small_llama().value();
    const device card = testing::card(64_MiB);
    planner p(m, {card});
    const compared_file c = compare_file(p, {.n_ctx = 2048, .n_parallel = 1}, "unheard-of").value();
    for (std::size_t i = 0; i < compared_cache_types.size(); ++i) {
      run r{.n_parallel = 1};
      r.type_k = r.type_v = compared_cache_types[i];
      CHECK(c.largest[i].n_ctx == max_context(p, r).value().n_ctx);
    }
    const budget b = p.budget_for({.n_ctx = 2048, .n_parallel = 1}).value();
    CHECK(c.spare == b.devices[0].spare());
    CHECK(c.fits == b.fits());
    CHECK(c.weights_on_devices == b.devices[0].of(term_kind::weights));
    CHECK(c.quality.measured == nullptr);
  }

  TEST_CASE("measured files are the catalogue's") {
    std::set<std::string> names;
    for (const catalogued_files& all : all_catalogued_files()) names.insert(all.name);
    for (const published_quality& q : published_qualities()) {
      CAPTURE(q.model);
      CHECK(names.count(q.model) == 1);
      CHECK(q.kld > 0);
      CHECK_FALSE(q.source.empty());
    }
    REQUIRE(find_quality("Qwen3.6-27B", "UD-Q4_K_XL"));
    CHECK(find_quality("Qwen3.6-27B", "UD-Q4_K_XL")->kld == 0.02254);
    CHECK(find_quality("Qwen3.6-27B", "Q1_X") == nullptr);
  }

  // Llama 3 8B: 0.03896 at 4.835 bits, 0.01659 at 5.573
  TEST_CASE("what nobody measured is estimated by its bits, between the ends of the curve") {
    const kld_interval at_point = estimated_kld(4.835).value();
    CHECK(at_point.low == doctest::Approx(0.03896 * 0.1));
    CHECK(at_point.high == doctest::Approx(0.03896 * 3));
    const kld_interval between = estimated_kld(5.2).value();
    CHECK(between.high < at_point.high);
    CHECK(between.high > 0.01659 * 3);
    CHECK_FALSE(estimated_kld(1.5).has_value());
    CHECK_FALSE(estimated_kld(16).has_value());
  }

  TEST_CASE("side by side each file is a column") {
    compared_file a{.name = "A",
                    .size = 2_GiB,
                    .bits_per_weight = 4.5,
                    .weights_on_devices = 1_GiB,
                    .n_ctx = 8192u,
                    .fits = false,
                    .spare = {},
                    .quality = {nullptr, kld_interval{0.01, 0.2}}};
    a.largest[0].n_ctx = 4096;
    const std::array all{a};
    const std::string text = comparison_text(all);
    CHECK(text.find("tokens, KV in f16              4,096\n") != std::string::npos);
    CHECK(text.find("spare at 8,192          does not fit\n") != std::string::npos);
    CHECK(text.find("0.01 to 0.2") != std::string::npos);
    CHECK(comparison_json(all).find("\"kld\":{\"low\":") != std::string::npos);
  }
}
