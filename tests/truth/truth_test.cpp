// Compares budgets with what llama.cpp really allocated, byte for byte, and prints a table by
// architecture and term. Usage: truth_test CASES DEVICES SHAPES... (a folder or .jsonl, a file, folders)
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "recorded_cases.hpp"
#include "recorded_devices.hpp"
#include "recorded_engines.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/engine/changes.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/run_line.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
namespace fs = std::filesystem;

using testing::number;
using testing::text;

using testing::tally;

/// The terms that are compared, in the table's order.
const testing::headings headings = {
    "architecture",
    {"weights", "context", "compute", "host w", "host ctx", "host cmp", "graph", "pool", "draft"},
    "decoding"};

class runner {
 public:
  runner(const fs::path& devices, std::vector<fs::path> shapes)
      : devices_(testing::recorded_devices(devices)), models_(std::move(shapes)) {}

  void run_case(const json::value& c, tally& t) {
    t.cases += testing::for_each_engine(c, [&](const engine_profile& p, const std::string& id,
                                               const json::value& of) { run_on(p, id, of, t); }) -
               1;
  }

 private:
  void run_on(const engine_profile& profile, const std::string& id, const json::value& c,
              tally& t) {
    std::vector<std::string> args;
    for (const json::value& a : c.at("args").as_array()) args.push_back(text(a));
    std::vector<device> devices;
    for (const json::value& g : c.at("gpus").as_array()) devices.push_back(devices_.at(text(g)));
    auto r = request::parse_run(args);
    if (r) r->profile = profile;
    if (r && c.as_object().contains("n_rs_seq"))
      r->n_rs_seq = static_cast<std::uint32_t>(number(c.at("n_rs_seq")));
    if (const json::value* before = c.as_object().if_contains("before"); r && before)
      for (const json::value& rule : before->as_array()) undo(text(rule), r->profile.rules);
    const json::value* draft = c.as_object().if_contains("draft_model");
    const result<budget> b = r ? planner(models_[text(c.at("model"))], devices, {},
                                         draft ? &models_[text(*draft)] : nullptr)
                                     .budget_for(*r, {}, {.enforced = false})
                               : result<budget>(r.error());
    if (c.as_object().contains("refusal")) {
      if (!b)
        ++t.passed, ++t.refused;
      else
        fmt::print("{}: planned, but the engine refuses: {}\n", id, text(c.at("refusal")));
      return;
    }
    if (!b) {
      fmt::print("{}: refused: {}\n", id, b.error().message);
      return;
    }
    if (const json::value* aborts = c.as_object().if_contains("aborts")) {
      if (b->aborts.empty())
        fmt::print("{}: planned, but the engine aborts: {}\n", id, text(*aborts));
      t.passed += !b->aborts.empty();
      return;
    }
    if (!b->aborts.empty() && c.as_object().contains("decodes")) {
      fmt::print("{}: would abort, but the engine runs it: {}\n", id, b->aborts);
      return;
    }
    const json::value* expected = c.as_object().if_contains("expected");
    t.passed += !expected || compare(id, *expected, *b, t);
  }

  /// Makes a rule what it was before it changed.
  static void undo(const std::string& rule, engine_rules& rules) {
    const auto it = std::find_if(engine_changes.begin(), engine_changes.end(),
                                 [&](const engine_change& c) { return c.name == rule; });
    if (it == engine_changes.end()) throw std::runtime_error("no rule " + rule);
    it->undo(rules);
  }

  bool compare(const std::string& id, const json::value& want, const budget& b, tally& t) {
    bool same = true;
    const auto check = [&](std::size_t column, const std::string& term, std::int64_t expected,
                           std::uint64_t got) {
      const auto difference = static_cast<std::int64_t>(got) - expected;
      if (difference == 0) return;
      same = false;
      ++t.misses[column];
      fmt::print("{}: {}: expected {}, got {}, difference {}\n", id, term, expected, got,
                 difference);
    };
    const auto context = [](const term_list& l) {
      return (l.of(term_kind::kv_cache) + l.of(term_kind::recurrent_state)).count;
    };
    // with -sm none only the main card is used
    const auto on = [&](std::size_t i) {
      const auto it = std::find_if(b.devices.begin(), b.devices.end(),
                                   [&](const device_budget& x) { return x.id.index == i; });
      return it == b.devices.end() ? device_budget{} : *it;
    };
    const json::array& devices = want.at("devices").as_array();
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const json::value& d = devices[i];
      const std::string name = "CUDA" + std::to_string(i);
      const device_budget got = on(i);
      check(0, name + " weights", number(d.at("weights")), got.of(term_kind::weights).count);
      check(1, name + " context", number(d.at("context")), context(got));
      check(2, name + " compute", number(d.at("compute")), got.of(term_kind::compute_buffer).count);
      if (const json::value* scratch = d.as_object().if_contains("all_reduce"))
        check(2, name + " all-reduce", number(*scratch), got.of(term_kind::all_reduce).count);
    }
    // what decoding took in addition must be within the bound
    if (const json::value* growth = want.as_object().if_contains("decode_growth"))
      for (std::size_t i = 0; i < devices.size(); ++i) {
        const auto grew = static_cast<std::uint64_t>(number(growth->at(i)));
        const device_budget got = on(i);
        const std::uint64_t pool =
            (got.of(term_kind::pool) + got.of(term_kind::compute_growth)).count;
        ++t.pools;
        t.close += pool >= grew && pool - grew <= (2_MiB).count;
        if (grew > pool)
          check(7, name(got.id) + " pool, a bound", static_cast<std::int64_t>(grew), pool);
      }
    const json::value& host = want.at("host");
    if (const json::value* weights = host.as_object().if_contains("weights"))
      check(3, "host weights", number(*weights), b.host.of(term_kind::weights).count);
    check(4, "host context", number(host.at("context")), context(b.host));
    check(5, "host compute", number(host.at("compute")),
          b.host.of(term_kind::compute_buffer).count);
    if (const json::value* pinned = host.as_object().if_contains("pinned")) {
      bytes sum;
      for (const term& part : b.host.terms)
        if (part.held == residence::pinned) sum += part.size;
      check(5, "host pinned", number(*pinned), sum.count);
    }
    if (const json::value* mib = want.as_object().if_contains("output_mib")) {
      const double got = static_cast<double>(b.host.of(term_kind::output_buffer).count) / (1 << 20);
      const auto hundredths = [](double x) {  // as printed, halves rounded to even
        std::string digits = fmt::format("{:.2f}", x);
        return std::stoll(digits.erase(digits.find('.'), 1));
      };
      check(5, "output buffer, MiB / 100", hundredths(mib->to_number<double>()),
            static_cast<std::uint64_t>(hundredths(got)));
    }
    const json::value& graph = want.at("graph");
    check(6, "nodes of a prompt", number(graph.at("nodes").at(0)), b.prompt.n_nodes);
    check(6, "nodes of a token", number(graph.at("nodes").at(1)), b.generation.n_nodes);
    check(6, "splits of a prompt", number(graph.at("splits").at(0)), b.prompt.n_splits);
    check(6, "splits of a token", number(graph.at("splits").at(1)), b.generation.n_splits);
    if (const json::value* draft = want.as_object().if_contains("draft")) {
      const auto compare_draft = [&](const std::string& where, const json::value& d,
                                     const term_list& got) {
        check(8, where + " draft weights", number(d.at("weights")),
              got.of(term_kind::draft_weights).count);
        check(8, where + " draft context", number(d.at("context")),
              (got.of(term_kind::draft_kv_cache) + got.of(term_kind::draft_recurrent_state)).count);
        check(8, where + " draft compute", number(d.at("compute")),
              got.of(term_kind::draft_compute_buffer).count);
      };
      for (std::size_t i = 0; i < devices.size(); ++i) {
        compare_draft("CUDA" + std::to_string(i), draft->at("devices").at(i), on(i));
      }
      compare_draft("host", draft->at("host"), b.host);
    }
    return same;
  }

  std::map<std::string, device> devices_;
  testing::recorded_shapes models_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: truth_test CASES DEVICES SHAPES...\n";
    return 2;
  }
  runner r(argv[2], {argv + 3, argv + argc});
  return testing::run_cases(argv[1], headings,
                            [&](const json::value& c, tally& t) { r.run_case(c, t); });
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
