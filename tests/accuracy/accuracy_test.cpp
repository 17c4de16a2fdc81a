#include "accuracy.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <iterator>

using namespace vrambudget;
using namespace vrambudget::accuracy;

static std::string text_of(const std::string& file) {
  std::ifstream in(file);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

static const std::vector<row>& rows() {
  static const std::vector<row> all = read_rows(VRAMBUDGET_SOURCE "/data/overheads.jsonl");
  return all;
}

TEST_CASE("a percentile counts weights, not values") {
  CHECK(percentile({{1, 1}, {2, 1}, {3, 1}, {4, 1}}, 0.5) == 2);
  CHECK(percentile({{1, 1}, {2, 1}, {3, 1}, {4, 1}}, 0.75) == 3);
  // three rows of one rig weigh as much as one of another
  CHECK(percentile({{1, 1. / 3}, {1, 1. / 3}, {1, 1. / 3}, {9, 1}}, 0.5) == 1);
  CHECK(percentile({{1, 1. / 3}, {1, 1. / 3}, {1, 1. / 3}, {9, 1}}, 0.51) == 9);
}

TEST_CASE("a row's prediction is its buffers, the context's upper end, the pool, and a desktop") {
  const std::vector<measured_rig> rigs = {
      {"a", "card a", 890, operating_system::windows, {}, 1, 100_MiB, 200_MiB, false},
      {"b", "card b", 890, operating_system::windows, {}, 1, 150_MiB, 300_MiB, false}};
  row r;
  r.cc = 890;
  r.self = 1000_MiB;
  r.system = operating_system::windows;
  CHECK(r.predicted(rigs) == 1300_MiB);
  r.pool = 40_MiB;
  CHECK(r.predicted(rigs) == 1340_MiB);
  r.draws = true;
  CHECK(r.predicted(rigs) == 1340_MiB + desktop_of(operating_system::windows).high);
}

TEST_CASE("ranges in data/overheads.json are those of the rows") {
  std::size_t n = 0;
  for (const auto& [rig, s] : samples_of(rows())) {
    INFO(rig);
    bool found = false;
    for (const measured_rig& r : measured_rigs())
      if (r.id == rig) {
        found = true;
        CHECK(r.n_samples == s.n);
        CHECK(std::abs(static_cast<double>(r.low.count) - s.low * (1 << 20)) <= 1);
        CHECK(std::abs(static_cast<double>(r.high.count) - s.high * (1 << 20)) <= 1);
      }
    CHECK(found);
    ++n;
  }
  CHECK(n >= 7);
}

TEST_CASE("too little is promised by at most 3 % in 95 % of rigs") {
  const auto lines = table_of(rows());
  REQUIRE(lines.back().generation == "all");
  CHECK(lines.back().n_rows >= 140);
  CHECK(lines.back().under <= 0.03);
}

TEST_CASE("docs/accuracy.md has the table") {
  CHECK(text_of(VRAMBUDGET_SOURCE "/docs/accuracy.md").find(markdown(table_of(rows()))) !=
        std::string::npos);
}
