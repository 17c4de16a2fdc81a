#include "vrambudget/advise/prompt_speed.hpp"

#include <doctest/doctest.h>

#include "../header_of.hpp"
#include "vrambudget/memory/effective_context.hpp"

using namespace vrambudget;

namespace {

prompt_work work(const model& m, std::uint64_t n_tokens, run r = {}, std::uint32_t n_cards = 1) {
  const std::vector<device> cards(n_cards, testing::card());
  r.n_ctx = 4096;
  r.n_parallel = 1;
  return prompt_work_of(m, r, cards, effective_context(r, m.hp).value(), n_tokens).value();
}

constexpr auto sixteen = static_cast<std::size_t>(multiply_unit::sixteen_bits);

/// Devices that compute 100 operations each, at 10 a second.
std::optional<prompt_speed> speed(std::size_t n_devices, bool pipelined, bytes copied = {}) {
  prompt_work w{.n_tokens = 50, .n_ubatch = 25, .operations = {}, .copied = copied};
  w.operations.assign(n_devices, {0, 0, 100});
  const std::vector<compute_rate> rates(n_devices,
                                        {{0, 0, 10}, reached_share{0.2, 0.25, 0.5, 8, "such"}});
  return prompt_speed_of(w, rates, pipelined);
}

}  // namespace

// q and output 256 x 256, k and v 256 x 128, FFN 3 x 256 x 512, in 4 layers; 4 heads of 64
TEST_CASE("norms, embeddings and the output take nothing of a prompt") {
  const std::uint64_t layer = 2 * 256 * 256 + 2 * 256 * 128 + 3 * 256 * 512;
  const prompt_work w = work(testing::small_llama().value(), 101);
  REQUIRE(w.operations.size() == 1);
  // from 0 to 100 tokens before: 50 on average, of which K and V of 64 values are multiplied in 4 heads
  CHECK(w.operations[0][sixteen] == 2 * 4 * layer * 101 + 2 * 4 * 4 * 128 * 50 * 101);
  CHECK(w.most == ggml_type::f16);
}

TEST_CASE("experts that are used count, and all are copied from the host") {
  const model m = testing::small_llama([](gguf::writer& w) {
                    w.add("llama.expert_count", 8u);
                    w.add("llama.expert_used_count", 2u);
                    w.add_tensor("blk.0.ffn_up_exps.weight", ggml_type::f16, {256, 512, 8});
                  }).value();
  const std::uint64_t without = work(testing::small_llama().value(), 100).operations[0][sixteen];
  const prompt_work on_card = work(m, 100), on_host = work(m, 100, {.cpu_moe = true});
  CHECK(on_card.operations[0][sixteen] - without == 2ull * 2 * 256 * 512 * 100);
  CHECK(on_host.operations == on_card.operations);  // the card computes them, too
  CHECK(on_card.copied.count == 0);
  CHECK(on_host.copied.count == 2ull * 8 * 256 * 512);
}

TEST_CASE("each card computes its own layers") {
  const prompt_work one = work(testing::small_llama().value(), 64),
                    two = work(testing::small_llama().value(), 64, {}, 2);
  REQUIRE(two.operations.size() == 2);
  CHECK(two.operations[0][sixteen] > 0);
  CHECK(two.operations[0][sixteen] + two.operations[1][sixteen] == one.operations[0][sixteen]);
}

// 100 operations at 10 a second are 10 s, for 50 tokens
TEST_CASE("cards take turns, or as long as the slowest") {
  const prompt_speed one = speed(1, false).value(), turns = speed(2, false).value(),
                     at_once = speed(2, true).value();
  CHECK(one.most == doctest::Approx(5));
  CHECK(one.expected->low == doctest::Approx(1));
  CHECK(one.expected->median == doctest::Approx(1.25));
  CHECK(one.expected->high == doctest::Approx(2.5));
  CHECK(turns.most == doctest::Approx(2.5));
  CHECK(turns.expected->high == doctest::Approx(1.25));
  CHECK(at_once.most == doctest::Approx(5));
  CHECK(at_once.expected->low == doctest::Approx(0.5));
  CHECK(at_once.expected->high == doctest::Approx(2.5));
  CHECK(one.most_basis == basis::bound);
}

TEST_CASE("copies take their time for each micro-batch, and are assumed") {
  const prompt_speed s = speed(1, false, bytes{link_rate::high_bytes_per_s}).value();
  CHECK(s.most == doctest::Approx(50.0 / (10 + 2)));  // two micro-batches, a second each
  CHECK(s.most_basis == basis::assumed);
  CHECK(s.expected->low == doctest::Approx(50.0 / (50 + 2 * 43.0 / 9)));
}

TEST_CASE("nothing is said of a device of which nothing is known") {
  prompt_work w{.n_tokens = 50, .n_ubatch = 25, .operations = {{0, 0, 100}}, .copied = {}};
  CHECK_FALSE(prompt_speed_of(w, {}));
  const compute_rate no_such_unit{{10, 10, 0}, {}};
  CHECK_FALSE(prompt_speed_of(w, {&no_such_unit, 1}));
  const compute_rate no_share{{10, 10, 10}, {}};
  CHECK_FALSE(prompt_speed_of(w, {&no_share, 1}).value().expected);
}
