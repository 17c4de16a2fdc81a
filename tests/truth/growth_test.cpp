// Compares what kernels of a Vulkan context are expected to keep in use with what the engine's own code asked its
// driver for while it decoded, and prints where the two differ.
// Usage: growth_test CASES DEVICES LEAST_SHARE SHAPES... (a .jsonl file, a file, percent of runs that must be as
// close, folders). No run may take more than is planned for it at most, or 2 MiB more than is expected.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "recorded_cases.hpp"
#include "recorded_runs.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;

constexpr std::int64_t near_enough = (2_MiB).count;

struct counts {
  int runs = 0, close = 0, exact = 0, above_most = 0;
  std::int64_t furthest_under = 0, furthest_over = 0;
};

/// What a device is expected to keep, and at most.
struct expectation {
  std::int64_t expected = 0, most = 0;
};
expectation expectation_of(const device_budget& d) {
  const auto size = [](bytes b) { return static_cast<std::int64_t>(b.count); };
  const std::int64_t buffers = size(d.of(term_kind::compute_growth));
  const term* const pool = d.find(term_kind::pool);
  if (!pool) return {buffers, buffers};
  return {buffers + size(pool->expected.value_or(pool->size)), buffers + size(pool->size)};
}

void compare(testing::recorded_runs& runs, const json::value& c, counts& n) {
  const json::value* const expected = c.as_object().if_contains("expected");
  const json::value* const growth =
      expected ? expected->as_object().if_contains("decode_growth") : nullptr;
  if (!growth) return;
  const std::string id = testing::text(c.at("id"));
  const auto b = runs.plan(c, default_profile);
  if (!b) {
    ++n.runs;
    fmt::print("{}: refused: {}\n", id, b.error().message);
    return;
  }
  std::int64_t worst = 0, beyond = 0;
  for (std::size_t i = 0; i < growth->as_array().size(); ++i) {
    const std::int64_t grew = testing::number(growth->at(i));
    const auto [usual, most] = expectation_of(testing::recorded_runs::on(*b, i));
    if (std::abs(usual - grew) > std::abs(worst)) worst = usual - grew;
    beyond = std::max(beyond, grew - most);
    if (usual != grew || grew > most)
      fmt::print("{} on {}: took {}, expected {} ({:+}), at most {}\n", id,
                 testing::text(c.at("gpus").at(i)), grew, usual, usual - grew, most);
  }
  ++n.runs;
  n.close += std::abs(worst) <= near_enough;
  n.exact += worst == 0;
  n.above_most += beyond > 0;
  n.furthest_under = std::min(n.furthest_under, worst);
  n.furthest_over = std::max(n.furthest_over, worst);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 5) {
    std::cerr << "usage: growth_test CASES DEVICES LEAST_SHARE SHAPES...\n";
    return 2;
  }
  testing::recorded_runs runs(argv[2], {argv + 4, argv + argc});
  counts n;
  testing::each_case(argv[1], [&](const json::value& c) { compare(runs, c, n); });
  fmt::print("{} runs, {} exact, {} within 2 MiB, from {} to {:+}, {} beyond the most\n", n.runs,
             n.exact, n.close, n.furthest_under, n.furthest_over, n.above_most);
  const bool passed = n.runs > 0 && n.close * 100 >= std::stoi(argv[3]) * n.runs &&
                      n.above_most == 0 && n.furthest_under >= -near_enough;
  return passed ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
