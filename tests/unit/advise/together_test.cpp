// Several models at once against plans of each alone.
#include "vrambudget/advise/together.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/shape.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

together_question asked(std::vector<const model*> models, std::vector<device> devices,
                        std::optional<std::uint32_t> n_ctx = 4096) {
  together_question q;
  q.models = std::move(models);
  q.devices = std::move(devices);
  q.n_ctx = n_ctx;
  return q;
}

device card_with(bytes free) { return testing::card(free); }

}  // namespace

TEST_SUITE("together") {
  TEST_CASE("a card and the host must hold the sum of what each takes alone") {
    const model a = testing::small_llama().value(), b = catalogued("Qwen3-8B-Q8_0");
    const device card = card_with(24_GiB);
    together_question q = asked({&a, &b}, {card});
    q.held_against.ram = 16_GiB;
    const together_answer t = plan_together(q).value();
    const budget of_a = plan(a, {.n_ctx = 4096}, {card}).value(),
                 of_b = plan(b, {.n_ctx = 4096}, {card}).value();
    REQUIRE(t.all.devices.size() == 1);
    const shared_device& d = t.all.devices[0];
    CHECK(d.used == std::vector{of_a.devices[0].used(), of_b.devices[0].used()});
    CHECK(d.total == of_a.devices[0].used() + of_b.devices[0].used());
    CHECK(d.total_expected ==
          of_a.devices[0].used(estimate::expected) + of_b.devices[0].used(estimate::expected));
    CHECK(d.spare() == saturating_sub(24_GiB, d.total));
    CHECK(d.basis == basis::assumed);  // of a driver's context that nobody measured
    CHECK(t.all.host.total == of_a.host.needed() + of_b.host.needed());
    CHECK(t.all.host.spare() == saturating_sub(16_GiB, t.all.host.total));
    CHECK(t.all.verdict == verdict_kind::fits);
    CHECK(t.subsets.empty());
    CHECK_FALSE(t.swap.has_value());
    // two processes have two driver contexts, of 822 MiB each at the high end
    CHECK(d.total > bytes{822u << 20} * 2);
  }

  TEST_CASE(
      "room for the sum is enough, 2 MiB less is tight, and without an expected context it fails") {
    const model a = testing::small_llama().value();
    const bytes one = plan(a, {.n_ctx = 4096}, {card_with(24_GiB)}).value().devices[0].used();
    const auto with = [&](bytes free) {
      return plan_together(asked({&a, &a}, {card_with(free)})).value();
    };
    CHECK(with(one * 2).all.verdict == verdict_kind::fits);
    CHECK(with(saturating_sub(one * 2, 2_MiB)).all.verdict == verdict_kind::tight);
    // both contexts are 310 MiB if they are as expected: 512 MiB less each
    const bytes less = 512_MiB * 2;
    CHECK(with(saturating_sub(one * 2, less)).all.verdict == verdict_kind::tight);
    const together_answer t = with(saturating_sub(one * 2, less + 2_MiB));
    CHECK(t.all.verdict == verdict_kind::does_not_load);
    CHECK(t.subsets == std::vector<std::vector<std::size_t>>{{0}, {1}});
    REQUIRE(t.swap.has_value());
    CHECK(t.swap->runs);
    CHECK(t.swap->devices == std::vector{one});
    CHECK(t.max_ctx == 0);
  }

  TEST_CASE(
      "the largest common context is the last that fits, and each takes what it was trained for") {
    const model a = testing::small_llama().value(), b = catalogued("Qwen3-8B-Q8_0");
    const device card = card_with(12_GiB);
    const together_answer t = plan_together(asked({&a, &b}, {card}, {})).value();
    REQUIRE(t.max_ctx > 8192);  // the small one's training length
    const auto used_with = [&](std::uint32_t n) {
      return plan(a, {.n_ctx = std::min(n, 8192u)}, {card}).value().devices[0].used() +
             plan(b, {.n_ctx = n}, {card}).value().devices[0].used();
    };
    CHECK(used_with(t.max_ctx) <= 12_GiB);
    CHECK(used_with(t.max_ctx + 256) > 12_GiB);
    CHECK_FALSE(t.by_training);
    CHECK(t.all.budgets[0].context.n_ctx == 8192);
    CHECK(t.all.budgets[1].context.n_ctx == t.max_ctx);
    CHECK(t.all.devices[0].total == used_with(t.max_ctx));
    const together_answer whole = plan_together(asked({&a, &a}, {card}, {})).value();
    CHECK(whole.max_ctx == 8192);
    CHECK(whole.by_training);
    // with -c 0 each has its own
    const together_answer own = plan_together(asked({&a, &b}, {card_with(80_GiB)}, 0)).value();
    CHECK(own.all.budgets[0].context.n_ctx == 8192);
    CHECK(own.all.budgets[1].context.n_ctx == 40960);
  }

  TEST_CASE("of three that do not fit the largest sets that do are named, and who must go") {
    const model small = testing::small_llama().value(), large = catalogued("Qwen3-8B-Q8_0");
    const device card = card_with(11_GiB);  // one large one of 8.1 GiB of weights
    const together_answer t = plan_together(asked({&large, &small, &large}, {card}, 1024)).value();
    CHECK(t.all.verdict == verdict_kind::does_not_load);
    CHECK(t.subsets == std::vector<std::vector<std::size_t>>{{0, 1}, {1, 2}});
    REQUIRE(t.swap.has_value());
    CHECK(t.swap->runs);
    CHECK(t.swap->largest == std::vector<std::size_t>{0});
    CHECK(t.swap->devices[0] == plan(large, {.n_ctx = 1024}, {card}).value().devices[0].used());
    const together_answer none =
        plan_together(asked({&large, &large}, {card_with(4_GiB)}, 1024)).value();
    CHECK(none.subsets.empty());
    CHECK_FALSE(none.swap->runs);
  }

  TEST_CASE("the host's memory is shared, too") {
    const model m = testing::small_llama().value();
    together_question q = asked({&m, &m}, {});
    const budget alone = plan(m, {.n_ctx = 4096}, {}).value();
    // the file's pages are there once
    const bytes both = alone.host.needed() + alone.host.resident();
    q.held_against.ram = both;
    CHECK(plan_together(q).value().all.verdict == verdict_kind::fits);
    q.held_against.ram = saturating_sub(both, 1_B);
    CHECK(plan_together(q).value().all.verdict == verdict_kind::reads_from_disk);
    q.held_against.ram = alone.host.resident() * 2;
    CHECK(plan_together(q).value().all.verdict == verdict_kind::reads_from_disk);
    q.held_against.ram = saturating_sub(alone.host.resident() * 2, 1_B);
    const together_answer t = plan_together(q).value();
    CHECK(t.all.verdict == verdict_kind::does_not_load);
    CHECK(t.subsets.size() == 2);
  }

  TEST_CASE("a file that several map is in memory once, others are not shared") {
    const model m = catalogued("Qwen3-8B-Q8_0"), other = catalogued("Qwen3-4B-Q4_K_M");
    // the embedding of 151,936 tokens of 4,096 values, 34 bytes for 32 of them, stays on the host
    const bytes mapped{151936ull * 4096 / 32 * 34};
    const device card = card_with(80_GiB);
    const auto host_of = [&](const std::vector<const model*>& models, const run& r) {
      together_question q = asked(models, {card});
      q.r = r;
      return plan_together(q).value().all.host;
    };
    const budget alone = plan(m, {.n_ctx = 4096}, {card}).value();
    const shared_host twice = host_of({&m, &other, &m, &m}, {});
    CHECK(twice.shared == std::vector{0_B, 0_B, mapped, mapped});
    CHECK(twice.needed[0] == alone.host.needed());
    CHECK(twice.needed[2] == saturating_sub(alone.host.needed(), mapped));
    CHECK(twice.total == twice.needed[0] + twice.needed[1] + twice.needed[2] + twice.needed[3]);
    const budget of_other = plan(other, {.n_ctx = 4096}, {card}).value();
    CHECK(twice.resident == alone.host.resident() * 3 + of_other.host.resident());
    // locked pages are there once, too, and stay
    const shared_host locked = host_of({&m, &m}, {.mlock = true});
    CHECK(locked.shared == std::vector{0_B, mapped});
    CHECK(locked.resident == locked.total);
    // what is read and not mapped each has for itself
    CHECK(host_of({&m, &m}, {.mmap = false}).shared == std::vector{0_B, 0_B});
    // a file is known by where it is, whatever it is called
    model here = m, there = m;
    here.path = "a/model.gguf";
    there.path = "b/model.gguf";
    CHECK(host_of({&here, &there}, {}).shared == std::vector{0_B, 0_B});
    there.path = here.path;
    there.name = "another";
    CHECK(host_of({&here, &there}, {}).shared == std::vector{0_B, mapped});
  }

  TEST_CASE("a draft beside each is one file, too") {
    const model a = catalogued("Qwen3-8B-Q8_0"), b = catalogued("Qwen3-4B-Q4_K_M"),
                draft = catalogued("Qwen3-0.6B-BF16");
    together_question q = asked({&a, &b}, {card_with(80_GiB)});
    q.draft = &draft;
    // 151,936 tokens of 1,024 values of two bytes
    CHECK(plan_together(q).value().all.host.shared ==
          std::vector{0_B, bytes{151936ull * 1024 * 2}});
  }

  TEST_CASE("on several cards a model is split by what those before it leave") {
    const model m = catalogued("Qwen3-8B-Q8_0");
    const std::vector<device> cards{card_with(30_GiB), card_with(3_GiB)};
    const together_answer t = plan_together(asked({&m, &m}, cards)).value();
    std::vector<device> left = cards;
    const budget first = plan(m, {.n_ctx = 4096}, cards).value();
    for (std::size_t i = 0; i < 2; ++i)
      left[i].free = saturating_sub(left[i].free, first.devices[i].used(estimate::expected));
    const budget second = plan(m, {.n_ctx = 4096}, left).value();
    REQUIRE(second.devices[1].used() < first.devices[1].used());  // its share has shrunk
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(t.all.devices[i].used ==
            std::vector{first.devices[i].used(), second.devices[i].used()});
      CHECK(t.all.devices[i].usable == cards[i].free);
    }
    CHECK(t.all.runs());
  }

  TEST_CASE("memory that is the host's holds both, each once") {
    const model m = catalogued("Qwen3-8B-Q8_0");
    const device card = to_device(find_gpu("gb10").value());
    const budget alone = plan(m, {.n_ctx = 4096}, {card}).value();
    const together_answer t = plan_together(asked({&m, &m}, {card})).value();
    REQUIRE(alone.devices[0].held_by_host > 0_B);
    // the embedding of 151,936 tokens of 4,096 values, 34 bytes for 32 of them, is mapped by both
    const bytes mapped{151936ull * 4096 / 32 * 34};
    CHECK(t.all.devices[0].usable ==
          saturating_sub(card.free, saturating_sub(alone.devices[0].held_by_host * 2, mapped)));
  }

  TEST_CASE("one model is not several, and a refused run names its model") {
    const model m = testing::small_llama().value();
    CHECK(plan_together(asked({&m}, {card_with(24_GiB)})).error().code == errc::invalid_argument);
    CHECK_FALSE(plan_together(asked(std::vector(9, &m), {card_with(24_GiB)})).has_value());
    together_question q = asked({&m, &m}, {card_with(24_GiB)});
    q.r.overrides = {{"ffn", "nowhere"}};
    const auto refused = plan_together(q);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().message.find("nowhere") != std::string::npos);
  }
}
