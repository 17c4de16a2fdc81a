// The cards against plans of each of them alone.
#include "vrambudget/advise/cards.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/request/known_cards.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

std::vector<known_card> all_cards(const request::plan_request& q = {}) {
  return request::known_cards(q, {}).value();
}

found_cards found(const cards_question& q, const std::vector<known_card>& known) {
  return find_cards(q, known, on_threads()).value();
}

/// The plan of one row, each number as planner, judge() and max_context() have it.
void check_row(const cards_question& q, const std::vector<known_card>& known, const card_plan& p) {
  CAPTURE(known[p.card].id);
  CAPTURE(p.count);
  std::vector<device> devices{known[p.card].alone};
  if (p.count > 1) devices.push_back(*known[p.card].second);
  planner alone = q.on(devices);
  const budget b = alone.budget_for(q.r).value();
  CHECK(p.runs == judge(alone, q.r, b).value().runs());
  bytes used, spare = bytes::max(), missing;
  for (const device_budget& d : b.devices) {
    used += d.used();
    spare = std::min(spare, d.spare());
    missing = std::max(missing, d.missing());
  }
  CHECK(p.used == used);
  CHECK(p.spare == spare);
  CHECK(p.missing == missing);
  CHECK(p.host == b.host.used());
  if (!p.runs) return;
  const context_limit most = max_context(alone, q.r).value();
  CHECK(p.max_ctx == most.n_ctx);
  CHECK(p.by_training == (most.bound_by == context_bound::n_ctx_train));
}

/// Rows from all over, since each is slow to plan alone.
void check_some(const cards_question& q, const std::vector<known_card>& known, std::size_t one_of) {
  const found_cards f = found(q, known);
  REQUIRE(f.all.size() >= known.size());
  for (std::size_t i = 0; i < f.all.size(); ++i)
    if (i % one_of == 0 || f.all[i].count > 1) check_row(q, known, f.all[i]);
}

/// A card of 24 GiB's kind with so much free.
known_card card_with(const char* id, bytes free) {
  device d = testing::card(free);
  d.name = id;
  return {id, free, d, d};
}

}  // namespace

TEST_SUITE("cards") {
  TEST_CASE("each card is as it is planned alone, and so are pairs") {
    const std::vector<known_card> known = all_cards();
    const model dense = catalogued("Qwen3-8B-Q8_0"), hybrid = catalogued("Qwen3.6-27B-UD-Q4_K_XL");
    check_some({&dense, {.n_ctx = 8192, .n_parallel = 1}}, known, 3);
    check_some(
        {&hybrid,
         {.n_ctx = 262144, .n_parallel = 1, .type_k = ggml_type::q4_0, .type_v = ggml_type::q4_0}},
        known, 5);
  }

  TEST_CASE("slots with caches of their own, a host, a desktop and buffers alone count") {
    const model m = catalogued("Qwen3-8B-Q8_0");
    run r{.n_ctx = 16384, .n_parallel = 3, .kv_unified = false};
    request::plan_request q;
    q.gpus.system = operating_system::windows;
    check_some({&m, r, {.reserve = 512_MiB, .ram = 6_GiB}}, all_cards(q), 9);
    check_some({&m, r, {.reserve = {}, .buffers_only = true}}, all_cards(), 9);
    r.n_gpu_layers = 20;
    check_some({&m, r, {.reserve = {}, .ram = 6_GiB}}, all_cards(), 9);
  }

  TEST_CASE("cards that are one device, those that work in turn, and a heavy desktop") {
    const model m = catalogued("Qwen3-8B-Q8_0");
    request::plan_request q;
    q.gpus.display = desktop::heavy;
    run r{.n_ctx = 32768, .n_parallel = 1};
    check_some({&m, r}, all_cards(q), 11);
    r.split_mode = split_mode::tensor;
    check_some({&m, r}, all_cards(), 11);
    r.split_mode = split_mode::none;
    check_some({&m, r}, all_cards(), 11);
  }

  TEST_CASE("a card that has exactly what is used holds it, one that has 2 MiB less is tight") {
    const model m = testing::small_llama().value();
    const cards_question q{&m, {.n_ctx = 8192}};
    const bytes need = plan(m, q.r, {testing::card()}).value().devices[0].used();
    const std::vector<known_card> known{card_with("large", need + 2_GiB), card_with("exact", need),
                                        card_with("small", saturating_sub(need, 2_MiB)),
                                        card_with("tiny", 64_MiB)};
    const found_cards f = found(q, known);
    std::vector<std::string> ids;
    for (const card_plan& p : f.all) ids.push_back(known[p.card].id);
    // two tiny ones do not help: each has a driver's context of its own
    REQUIRE(ids == std::vector<std::string>{"tiny", "small", "exact", "large"});
    CHECK_FALSE(f.all[0].runs);
    CHECK(f.all[1].is_tight());  // counted is a context of 822 MiB, and 310 are expected
    CHECK(f.all[1].missing == 2_MiB);
    CHECK(f.all[2].runs);
    CHECK_FALSE(f.all[2].is_tight());
    CHECK(f.all[2].spare == 0_B);
    CHECK(f.all[2].by_training);
    CHECK(f.all[3].spare == 2_GiB);
    REQUIRE(f.next.has_value());
    CHECK(known[f.next->planned.card].id == "tiny");
    CHECK_FALSE(f.next->change.has_value());  // the context alone is too much for it
  }

  TEST_CASE("pairs are of cards that do not hold it alone, and come after these") {
    const model m = catalogued("Qwen3-8B-Q8_0");  // 8.1 GiB of weights
    std::vector<known_card> known{card_with("24", 24_GiB), card_with("6", 6_GiB),
                                  card_with("of a laptop", 6_GiB), card_with("2", 2_GiB)};
    known[2].second.reset();
    const found_cards f = found({&m, {.n_ctx = 4096, .n_parallel = 1}}, known);
    std::vector<std::string> ids;
    for (const card_plan& p : f.all)
      ids.push_back(std::to_string(p.count) + " x " + known[p.card].id);
    CHECK(ids == std::vector<std::string>{"1 x 2", "1 x 6", "1 x of a laptop", "1 x 24", "2 x 6"});
    CHECK(f.any());
    REQUIRE(f.next.has_value());
    CHECK(known[f.next->planned.card].id == "6");
    REQUIRE(f.next->change.has_value());
    CHECK(f.next->change->has(change_kind::n_cpu_ffn));  // no cache is as large as what it lacks
    CHECK_FALSE(found({&m, {.n_ctx = 4096}}, {known[0]}).next.has_value());
  }

  TEST_CASE("a run that the engine refuses everywhere is an error") {
    const model m = testing::small_llama().value();
    run r{.n_ctx = 4096};
    r.overrides = {{"ffn", "nowhere"}};
    const auto f = find_cards({&m, r}, {card_with("a", 24_GiB)}, on_threads());
    REQUIRE_FALSE(f.has_value());
    CHECK(f.error().code == errc::invalid_argument);
    CHECK(f.error().message.find("nowhere") != std::string::npos);
  }

  TEST_CASE("the request has a context, no GPUs and no run that is fitted") {
    const model m = catalogued("Qwen3-8B-Q8_0");
    request::plan_request q;
    CHECK(request::cards_question_of(q, m, nullptr, nullptr).value().r.n_ctx == 8192);
    q.tells_ctx = true;  // -c 0
    CHECK(request::cards_question_of(q, m, nullptr, nullptr).value().r.n_ctx == m.hp.n_ctx_train);
    q.fit = true;
    CHECK_FALSE(request::cards_question_of(q, m, nullptr, nullptr).has_value());
    q.gpus.names = {"3090"};
    CHECK_FALSE(request::known_cards(q, {}).has_value());
    for (const known_card& k : all_cards())
      if (k.id == "gb10" || k.id.find("laptop") != std::string::npos) CHECK_FALSE(k.second);
  }
}
