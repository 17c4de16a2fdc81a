#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "capacities.hpp"
#include "contexts.hpp"
#include "page.hpp"
#include "rows.hpp"
#include "spread.hpp"
#include "totals.hpp"
#include "vrambudget/catalogue/overheads.hpp"

using namespace vrambudget;
using namespace vrambudget::accuracy;

static const std::string data = VRAMBUDGET_SOURCE "/data",
                         page = VRAMBUDGET_SOURCE "/docs/accuracy.md";

static const std::vector<context_reading>& contexts() {
  static const auto all = read_contexts(data + "/contexts.jsonl");
  return all;
}

TEST_CASE("a percentile counts weights, not values") {
  CHECK(percentile({{1, 1}, {2, 1}, {3, 1}, {4, 1}}, 0.5) == 2);
  CHECK(percentile({{1, 1}, {2, 1}, {3, 1}, {4, 1}}, 0.75) == 3);
  // three rows of one machine weigh as much as one of another
  CHECK(percentile({{1, 1. / 3}, {1, 1. / 3}, {1, 1. / 3}, {9, 1}}, 0.5) == 1);
  CHECK(percentile({{1, 1. / 3}, {1, 1. / 3}, {1, 1. / 3}, {9, 1}}, 0.51) == 9);
}

TEST_CASE("the fit finds the line that readings were made from") {
  // 40 + 2 u, exactly: whatever the weights are
  const auto m =
      fitted_to({{"a", "", 860, 10, 60}, {"b", "", 860, 50, 140}, {"c", "", 890, 200, 440}});
  CHECK(m.base_mib == doctest::Approx(40));
  CHECK(m.mib_per_1024_threads == doctest::Approx(2));
}

TEST_CASE("the constants in data/overheads.json are those of the readings") {
  const driver_context_model m = fitted_to(contexts());
  CHECK(contexts().size() == 41);
  CHECK(std::abs(m.base_mib - driver_contexts().base_mib) < 0.05);
  CHECK(std::abs(m.mib_per_1024_threads - driver_contexts().mib_per_1024_threads) < 0.0006);
}

TEST_CASE("a total is its buffers, the context, the pool and what others hold") {
  total_reading r;
  r.cc = 860;
  r.threads = {123, 123};
  r.self = 1000_MiB;
  const driver_context_model& m = driver_contexts();
  // 41.4 + 1.818 x 123 = 265.014, 10 in use, 2 by others, 0.25 x 123 of a pool that is not planned
  CHECK(in_mib(r.planned(m, estimate::expected)) == doctest::Approx(1277.014 + 30.75));
  r.pool = 40_MiB;
  r.n_drafts = 1;
  CHECK(in_mib(r.planned(m, estimate::expected)) == doctest::Approx(1337.014));
  CHECK(in_mib(r.planned(m, estimate::high)) ==
        doctest::Approx(1060 + 1.1 * 265.014 + 50 + 0.55 * 123 + 5));
  CHECK(in_mib(r.planned_before()) == 1295);
  r.system = operating_system::windows;
  CHECK(in_mib(r.planned(m, estimate::expected)) == doctest::Approx(1435.014));
}

TEST_CASE("contexts of machines that the model has not seen are known to 20 MiB") {
  const auto lines = context_lines(contexts());
  REQUIRE(lines.back().generation == "all");
  CHECK(lines.back().n_rigs == 39);
  CHECK(lines.back().median <= 20);
  CHECK(lines.back().p90 <= 20);
  CHECK(lines.back().within >= 39);  // 95 % of 41
}

TEST_CASE("totals of cards are known to 20 MiB") {
  for (const capacity_line& l : capacity_lines(read_capacities(data + "/capacities.jsonl"))) {
    CAPTURE(l.group);
    CHECK(l.n >= 2);
    CHECK(l.planned_median <= (l.group == "Linux, from Turing on, drivers to 550" ? 200 : 20));
  }
}

TEST_CASE("too little is promised by at most 2 % in 95 % of machines") {
  const auto rows = read_totals(data + "/overheads.jsonl");
  const auto lines = total_lines(rows, {{"", driver_contexts()}});
  REQUIRE(lines.back().group == "all");
  CHECK(lines.back().n_rows >= 140);
  CHECK(lines.back().under <= 0.02);
  REQUIRE(lines[lines.size() - 2].group == "all, linux");
  CHECK(lines[lines.size() - 2].median <= 20);  // of Windows only one machine is known
}

/// VRAMBUDGET_BLESS=1 writes them anew.
TEST_CASE("docs/accuracy.md has the tables") {
  std::ifstream in(page);
  REQUIRE(in);
  std::string text((std::istreambuf_iterator<char>(in)), {});
  for (const page_table& t : page_tables(data)) {
    CAPTURE(t.name);
    const std::string mark = "<!-- accuracy: " + t.name + " -->\n";
    const std::size_t at = text.find(mark);
    REQUIRE(at != std::string::npos);
    const std::size_t begin = at + mark.size(), end = text.find("\n\n", begin) + 1;
    if (std::getenv("VRAMBUDGET_BLESS"))
      text.replace(begin, end - begin, t.markdown);
    else
      CHECK(text.substr(begin, end - begin) == t.markdown);
  }
  if (std::getenv("VRAMBUDGET_BLESS")) std::ofstream(page) << text;
}
