// Compares budgets with what llama.cpp really allocated, byte for byte, and prints a table by
// architecture and term. Usage: truth_test CASES DEVICES SHAPES... (a folder or .jsonl, a file, folders)
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdint>
#include <iostream>
#include <string>

#include "recorded_cases.hpp"
#include "recorded_engines.hpp"
#include "recorded_runs.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;

using testing::tally;

/// The terms that are compared, in the table's order.
const testing::headings headings = {
    "architecture",
    {"weights", "context", "compute", "host w", "host ctx", "host cmp", "graph", "pool", "draft"},
    "decoding"};

void run_on(testing::recorded_runs& runs, const engine_profile& profile, const std::string& id,
            const json::value& c, tally& t) {
  const testing::comparison found = runs.compare(c, profile);
  if (!found.other_end.empty()) fmt::print("{}: {}\n", id, found.other_end);
  for (const testing::miss& m : found.misses) {
    ++t.misses[static_cast<std::size_t>(m.of)];
    fmt::print("{}: {}: expected {}, got {}, difference {}\n", id, m.name, m.expected, m.got,
               static_cast<std::int64_t>(m.got) - m.expected);
  }
  t.passed += found.equal();
  t.refused += found.both_refuse;
  t.pools += found.pools;
  t.close += found.close;
}

void run_case(testing::recorded_runs& runs, const json::value& c, tally& t) {
  t.cases +=
      testing::for_each_engine(c, [&](const engine_profile& p, const std::string& id,
                                      const json::value& of) { run_on(runs, p, id, of, t); }) -
      1;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: truth_test CASES DEVICES SHAPES...\n";
    return 2;
  }
  testing::recorded_runs runs(argv[2], {argv + 3, argv + argc});
  return testing::run_cases(argv[1], headings,
                            [&](const json::value& c, tally& t) { run_case(runs, c, t); });
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
