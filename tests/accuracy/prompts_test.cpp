#include "prompts.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/prompt_speeds.hpp"
#include "vrambudget/memory/effective_context.hpp"

using namespace vrambudget;
using namespace vrambudget::accuracy;

static const std::string data = VRAMBUDGET_SOURCE "/data";

static const std::vector<prompt_reading>& prompts() {
  static const auto all = read_prompts(data + "/prompts.jsonl");
  return all;
}

TEST_CASE("no prompt was read faster than its card computes") {
  REQUIRE(prompts().size() == 146);
  for (const prompt_reading& p : prompts()) {
    CAPTURE(p.of.device);
    CAPTURE(p.of.model);
    CAPTURE(p.of.types);
    CHECK(p.of.tokens_per_s < p.predicted.most);
  }
}

TEST_CASE("the shares in data/prompt_shares.json are those of the measurements") {
  std::ifstream in(data + "/prompt_shares.json");
  REQUIRE(in);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const std::string mark = "\"shares\": [\n",
                    rows = share_rows(fitted_shares(speeds_of(prompts()), grouping::by_memory));
  const std::size_t begin = text.find(mark) + mark.size(), end = text.find("  ]", begin);
  if (std::getenv("VRAMBUDGET_BLESS")) {
    text.replace(begin, end - begin, rows);
    std::ofstream(data + "/prompt_shares.json") << text;
  } else {
    CHECK(text.substr(begin, end - begin) == rows);
  }
}

TEST_CASE("eight of ten prompts that were not fitted to are within, the middle is near") {
  const auto lines = held_out_lines(speeds_of(prompts()), grouping::by_memory);
  REQUIRE(lines.size() == 3);
  for (const held_out_line& l : lines) {
    CAPTURE(l.held_out);
    CHECK(l.n >= 40);
    CHECK(l.n_within * 10 >= l.n * 8);
    CHECK(l.factor <= 1.3);
  }
  for (const held_out_line& l : other_lines(prompts())) {
    CAPTURE(l.held_out);
    CHECK(l.n_within * 10 >= l.n * 8);
  }
}

// Llama 3 8B: 32 layers of 4096 x (4096 + 1024 + 1024 + 4096) and 3 x 4096 x 14336; 32 heads of 128
TEST_CASE("a prompt's work is two operations for each weight, and attention") {
  const model& m = model_named("Llama-3-8B-Q4_K_M");
  const device card = to_device(find_gpu("3090").value(), {operating_system::native_linux});
  const auto of = [&](std::uint64_t n_tokens, std::uint64_t depth) {
    const run r{.n_ctx = 8192, .n_parallel = 1};
    return prompt_work_of(m, r, {&card, 1}, effective_context(r, m.hp).value(), n_tokens, depth)
        .value();
  };
  const std::uint64_t weights = 32ull * (4096 * (4096 + 1024 + 1024 + 4096) + 3 * 4096 * 14336);
  const auto eight = static_cast<std::size_t>(multiply_unit::eight_bits),
             sixteen = static_cast<std::size_t>(multiply_unit::sixteen_bits);
  const prompt_work w = of(1000, 0);
  CHECK(w.operations.at(0)[eight] == 2 * weights * 1000);
  // 4 x 4096 for each of the 499 tokens (rounded down) that a token has before it, on average
  CHECK(w.operations.at(0)[sixteen] == 32ull * 4 * 4096 * 499 * 1000);
  CHECK(of(1, 5000).operations.at(0)[sixteen] == 32ull * 4 * 4096 * 5000);
  CHECK(w.copied.count == 0);
  CHECK(w.n_ubatches() == 2);
  // 82 multiprocessors, 2048 operations a clock, at most 2.1 GHz
  const compute_rate rate = compute_rate_of(card, w);
  CHECK(rate.operations_per_s[eight] == 82ull * 2048 * 2'100'000'000);
  const double seconds = static_cast<double>(w.operations[0][eight]) / (82.0 * 2048 * 2.1e9) +
                         static_cast<double>(w.operations[0][sixteen]) / (82.0 * 1024 * 2.1e9);
  CHECK(prompt_speed_of(w, {&rate, 1}).value().most == doctest::Approx(1000 / seconds));
}

// Gemma 3 27B: 10 layers attend to all of the tokens before, 2047 on average, 52 to 1024 at most: to 895 on average,
// (1023 x 1024 / 2 + 3072 x 1024) / 4096; 32 heads of 128
TEST_CASE("a window ends what is attended to") {
  const model& m = model_named("Gemma-3-27B-Q4_K_M");
  const device card = to_device(find_gpu("3090").value(), {operating_system::native_linux});
  const run r{.n_ctx = 8192, .n_parallel = 1};
  const prompt_work w =
      prompt_work_of(m, r, {&card, 1}, effective_context(r, m.hp).value(), 4096).value();
  CHECK(w.operations.at(0)[static_cast<std::size_t>(multiply_unit::sixteen_bits)] ==
        2ull * 32 * 256 * (10 * 2047 + 52 * 895) * 4096);
}

TEST_CASE("experts on the host are copied whole for each micro-batch, and make all of it assumed") {
  const model& m = model_named("gpt-oss-120b-MXFP4");
  const device card = to_device(find_gpu("3090").value(), {operating_system::native_linux});
  const auto of = [&](run r) {
    return prompt_work_of(m, r, {&card, 1}, effective_context(r, m.hp).value(), 4096);
  };
  const run r{.n_ctx = 4096, .n_batch = 4096, .n_parallel = 1, .n_cpu_moe = 26};
  const prompt_work w = of(r).value();
  // 26 layers of 128 experts of 3 x 2880 x 2880 values, 17 bytes for 32 of them
  CHECK(w.copied.count == 26ull * 128 * 3 * 2880 * 2880 / 32 * 17);
  CHECK(w.n_ubatches() == 8);
  const compute_rate rate = compute_rate_of(card, w);
  const prompt_speed s = prompt_speed_of(w, {&rate, 1}).value();
  CHECK(s.most_basis == basis::assumed);
  CHECK(s.expected_basis == basis::assumed);
  run larger = r;
  larger.n_ubatch = 4096;
  const prompt_speed once = prompt_speed_of(of(larger).value(), {&rate, 1}).value();
  CHECK(once.expected->median > 2 * s.expected->median);
  run computes = r;
  computes.op_offload = false;
  CHECK(of(computes).error().code == errc::unsupported);
  run attends = r;
  attends.n_gpu_layers = 10;
  CHECK(of(attends).error().code == errc::unsupported);
}

TEST_CASE("nothing is expected of what was not measured") {
  prompt_work dense{.n_tokens = 1, .operations = {{0, 14'000'000'000, 0}}, .copied = {}};
  dense.most = ggml_type::q4_k;
  const auto rate = [&](const char* id, const prompt_work& w) {
    return compute_rate_of(to_device(find_gpu(id).value(), {operating_system::native_linux}), w);
  };
  CHECK(rate("gtx-1660", dense).operations_per_s[0] == 0);
  CHECK(rate("rtx-3080-laptop-8gb", dense).operations_per_s[0] > 0);
  CHECK_FALSE(rate("rtx-3080-laptop-8gb", dense).share);
  CHECK(rate("p40", dense).share->of == "cards without tensor cores");
  CHECK_FALSE(rate("p100-pcie-16gb", dense).share);
  device other;
  other.name = "a card that nobody knows";
  other.cc = 860;
  other.n_sm = 82;
  CHECK(compute_rate_of(other, dense).operations_per_s[1] == 0);

  prompt_work experts = dense;
  experts.has_experts = true;
  CHECK(rate("3090", dense).share);
  CHECK_FALSE(rate("3090", experts).share);
  CHECK(rate("gb10", experts).share);
  experts.copied = 1_GiB;
  CHECK(rate("3090", experts).share);
  prompt_work small = dense;
  small.operations[0][1] = 1'000'000'000;
  CHECK_FALSE(rate("3090", small).share);
  std::uint64_t least = UINT64_MAX;
  for (const prompt_reading& p : prompts())
    least = std::min(least, p.predicted.work.operations_per_token());
  CHECK(least / 1000000000 == 6);  // least_operations_per_token
}
