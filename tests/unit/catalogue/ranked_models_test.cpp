#include "vrambudget/catalogue/ranked_models.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "../header_of.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/plan/sweep.hpp"

using namespace vrambudget;

namespace {

result<model> small(const stored_model& s) {
  if (s.path == "damaged") return error{errc::bad_format, "no model"};
  return testing::small_llama();
}

device rtx_3090() { return to_device(find_gpu("3090").value(), {operating_system::native_linux}); }

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
    const auto all = rank_models(q, among, in_turn()).models;
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
    CHECK(rank_models(q, {}, in_turn()).models.empty());
    const auto no = check_ranking(q);
    REQUIRE_FALSE(no.has_value());
    CHECK(no.error().message.find("-sm row") != std::string::npos);
  }

  TEST_CASE(
      "of a catalogued model the largest file that fits is taken, and names can be left out") {
    ranking_question q{.devices = {testing::card(32_GiB)}, .base = {.n_ctx = 4096}};
    known_models among;
    among.family = "Qwen3-8B";
    const auto all = rank_models(q, among, in_turn()).models;
    const auto it = std::find_if(all.begin(), all.end(),
                                 [](const ranked_model& r) { return r.name == "Qwen3-8B"; });
    REQUIRE(it != all.end());
    REQUIRE(it->planned.fits);
    q.devices = {testing::card(saturating_sub(it->planned.used, 1_MiB))};
    const auto less = rank_models(q, among, in_turn()).models;
    const auto smaller = std::find_if(less.begin(), less.end(),
                                      [](const ranked_model& r) { return r.name == "Qwen3-8B"; });
    REQUIRE(smaller != less.end());
    CHECK(smaller->planned.fits);
    CHECK(smaller->planned.weights < it->planned.weights);
    among.without = {"Qwen3-8B"};
    CHECK(rank_models(q, among, in_turn()).models.size() + 1 == less.size());
    CHECK(names_that_run(less) == names_that_fit(less));
    q.base.type_k = ggml_type::q4_0;  // chosen: nothing else is offered
    among.counts_q8_0 = true;
    CHECK(rank_models(q, among, in_turn()).more_with_q8_0 == 0);
  }

  TEST_CASE(
      "a model without a file of four bits on the devices comes a second time, after all that "
      "has") {
    ranking_question q{.devices = {rtx_3090()}, .base = {.n_ctx = 32768}};
    known_models among;
    among.family = "Qwen3-Next-80B-A3B";
    const auto on_devices = rank_models(q, among, in_turn()).models;
    CHECK(names_that_run(on_devices) == names_that_fit(on_devices));
    q.held_against.ram = 64_GiB;
    const auto all = rank_models(q, among, in_turn()).models;
    const auto is_moved = [](const ranked_model& r) { return r.planned.moved != on_host::nothing; };
    const auto moved = std::find_if(all.begin(), all.end(), is_moved);
    REQUIRE(moved != all.end());
    CHECK(moved->planned.moved == on_host::feed_forward);
    CHECK(moved->planned.bits_per_weight >= good_bits);
    CHECK(moved->planned.host > saturating_sub(moved->planned.weights, 24_GiB));
    REQUIRE(moved->planned.speed);
    CHECK(moved->planned.speed->most_basis == basis::assumed);
    for (auto r = moved; r != all.end(); ++r)
      CHECK((r->planned.moved != on_host::nothing || !r->planned.fits));
    CHECK(names_that_run(all).contains(moved->name));

    q.prefer = preference::context;
    const auto longest = rank_models(q, among, in_turn()).models;
    const auto same = std::find_if(longest.begin(), longest.end(), is_moved);
    REQUIRE(same != longest.end());
    CHECK(same->planned.planned.cpu_moe);
    CHECK(same->planned.holds() >= moved->planned.holds());
  }

  TEST_CASE("where speed is preferred a model's smallest file of four bits is taken") {
    ranking_question q{.devices = {rtx_3090()}, .base = {.n_ctx = 4096}};
    known_models among;
    among.family = "Qwen3-8B";
    const auto file = [&](preference p) {
      q.prefer = p;
      for (const ranked_model& r : rank_models(q, among, in_turn()).models)
        if (r.name == "Qwen3-8B") return r;
      return ranked_model{};
    };
    const ranked_model best = file(preference::quality), fastest = file(preference::speed);
    CHECK(fastest.planned.bits_per_weight >= good_bits);
    CHECK(fastest.planned.bits_per_weight < 5);
    CHECK(best.planned.bits_per_weight > 8);
    REQUIRE((best.planned.speed && fastest.planned.speed));
    CHECK(fastest.planned.speed->expected->median > best.planned.speed->expected->median);
    CHECK(file(preference::context).quantization == fastest.quantization);
  }
}
