#include "vrambudget/catalogue/ranked_models.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../header_of.hpp"
#include "vrambudget/plan/sweep.hpp"

using namespace vrambudget;

namespace {

result<model> small(const stored_model& s) {
  if (s.path == "damaged") return error{errc::bad_format, "no model"};
  return testing::small_llama();
}

}  // namespace

TEST_SUITE("ranked models") {
  TEST_CASE("each file on this disk is planned once, damaged ones are left out") {
    const ranking_question q{.devices = {testing::card()}};
    const known_models among{{{"Own-Q8_0", "", "a", {}, ""},
                              {"Own-Q4_0", "", "b", {}, ""},
                              {"Own too", "", "a", {}, ""},
                              {"Own-F16", "", "damaged", {}, ""}},
                             small,
                             "own",
                             {}};
    const auto all = rank_models(q, among, in_turn());
    const auto on_disk =
        std::count_if(all.begin(), all.end(), [](const ranked_model& r) { return r.on_disk(); });
    CHECK(on_disk == 2);
    REQUIRE(all.size() >= 2);
    CHECK(all[0].on_disk());
    CHECK(all[0].name == "Own");
    CHECK(all[0].quantization == "Q8_0");
    CHECK(all[0].planned.fits);
  }

  TEST_CASE("what refuses every model is told") {
    ranking_question q{.devices = {testing::card()}};
    CHECK(check_ranking(q).has_value());
    q.base.split_mode = split_mode::row;
    CHECK(rank_models(q, {}, in_turn()).empty());
    const auto no = check_ranking(q);
    REQUIRE_FALSE(no.has_value());
    CHECK(no.error().message.find("-sm row") != std::string::npos);
  }

  TEST_CASE(
      "of a catalogued model the largest file that fits is taken, and names can be left out") {
    ranking_question q{.devices = {testing::card(32_GiB)}, .base = {.n_ctx = 4096}};
    known_models among;
    among.family = "Qwen3-8B";
    const auto all = rank_models(q, among, in_turn());
    const auto it = std::find_if(all.begin(), all.end(),
                                 [](const ranked_model& r) { return r.name == "Qwen3-8B"; });
    REQUIRE(it != all.end());
    REQUIRE(it->planned.fits);
    q.devices = {testing::card(saturating_sub(it->planned.used, 1_MiB))};
    const auto less = rank_models(q, among, in_turn());
    const auto smaller = std::find_if(less.begin(), less.end(),
                                      [](const ranked_model& r) { return r.name == "Qwen3-8B"; });
    REQUIRE(smaller != less.end());
    CHECK(smaller->planned.fits);
    CHECK(smaller->planned.weights < it->planned.weights);
    among.without = {"Qwen3-8B"};
    CHECK(rank_models(q, among, in_turn()).size() + 1 == less.size());
    q.base.type_k = ggml_type::q4_0;  // chosen: nothing else is offered
    CHECK(more_with_q8_0(q, among, less, in_turn()) == 0);
  }
}
