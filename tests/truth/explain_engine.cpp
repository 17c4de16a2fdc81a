// Which changed rules explain what another engine allocates for recorded cases: for each the smallest set of
// rows of changes.hpp that turns what we plan by the rules of PROFILE into that engine's numbers. Prints it by
// rule and by architecture, then what nothing explains; 0 if there are cases and none of that.
// Usage: explain_engine [--from PROFILE] ENGINE CASES DEVICES SHAPES... (default: the release; ENGINE may have
// no profile; the others as for truth_test)
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "recorded_cases.hpp"
#include "recorded_engines.hpp"
#include "recorded_runs.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;

using testing::text;

using change_set = std::vector<const engine_change*>;

std::string names(const change_set& changes) {
  std::string all;
  for (const engine_change* c : changes) all += (all.empty() ? "" : " + ") + std::string(c->name);
  return all.empty() ? "no change" : all;
}

/// A set of changes, and what a case compares to with them.
struct attempt {
  change_set changes;
  testing::comparison found;

  /// How far from the engine: in nodes and splits, which tell another graph, then in bytes.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> distance() const {
    if (!found.other_end.empty()) return {UINT64_MAX, UINT64_MAX};
    std::pair<std::uint64_t, std::uint64_t> far{};
    for (const testing::miss& m : found.misses)
      (m.of == testing::compared::graph ? far.first : far.second) +=
          static_cast<std::uint64_t>(std::abs(m.expected - static_cast<std::int64_t>(m.got)));
    return far;
  }
};

/// Tries sets of the changes that came after a profile.
class explainer {
 public:
  explainer(testing::recorded_runs& runs, const engine_profile& from) : runs_(runs), from_(from) {
    for (const engine_change& c : engine_changes)
      if (!c.is_in(from.rules) && c.first_build > from.last_build) newer_.push_back(&c);
    sets_.push_back({});
    for (const engine_change* c : newer_) sets_.push_back({c});
    for (std::size_t i = 0; i < newer_.size(); ++i)
      for (std::size_t k = i + 1; k < newer_.size(); ++k) sets_.push_back({newer_[i], newer_[k]});
    sets_.push_back(newer_);
    for (const engine_profile& p : engine_profiles)
      if (p.first_build > from.last_build) sets_.push_back(newer_in(p));
  }

  /// The smallest set that is found, or if none explains the case, the one that comes closest.
  [[nodiscard]] attempt explain(const json::value& c) {
    std::optional<attempt> best;
    for (const change_set& changes : sets_) {
      attempt a = with(changes, c);
      if (a.found.equal()) return without_needless(std::move(a), c);
      if (!best || a.distance() < best->distance()) best = std::move(a);
    }
    return *best;
  }

 private:
  [[nodiscard]] change_set newer_in(const engine_profile& p) const {
    change_set all;
    for (const engine_change* c : newer_)
      if (c->is_in(p.rules)) all.push_back(c);
    return all;
  }
  [[nodiscard]] attempt with(const change_set& changes, const json::value& c) {
    engine_profile p = from_;
    for (const engine_change* change : changes) change->apply(p.rules);
    try {
      return {changes, runs_.compare(c, p)};
    } catch (const std::exception& e) {  // no shape, say
      return {changes, {.other_end = e.what(), .misses = {}}};
    }
  }
  /// Of a set larger than a pair, those that are needed.
  [[nodiscard]] attempt without_needless(attempt a, const json::value& c) {
    for (std::size_t i = a.changes.size(); a.changes.size() > 2 && i-- > 0;) {
      change_set fewer = a.changes;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      attempt b = with(fewer, c);
      if (b.found.equal()) a = std::move(b);
    }
    return a;
  }

  testing::recorded_runs& runs_;
  const engine_profile& from_;
  change_set newer_;
  std::vector<change_set> sets_;
};

/// The explained cases of an architecture.
struct row {
  int cases = 0, unchanged = 0, unexplained = 0;
  std::map<std::string, int> sets;
};

/// Cases by what explains them.
class table {
 public:
  void add(const json::value& c, const std::string& architecture, attempt a) {
    for (row* r : {&all_, &by_architecture_[architecture]}) {
      ++r->cases;
      if (!a.found.equal())
        ++r->unexplained;
      else if (a.changes.empty())
        ++r->unchanged;
      else
        ++r->sets[names(a.changes)];
    }
    if (!a.found.equal()) return unexplained_.emplace_back(text(c.at("id")), std::move(a)), void();
    for (const engine_change* change : a.changes)
      ++(a.changes.size() == 1 ? by_rule_[change->name].first : by_rule_[change->name].second);
  }

  /// Whether there are cases and all are explained.
  [[nodiscard]] bool print(std::string_view engine, std::string_view from) {
    fmt::print("{} from {}: {} cases, {} unchanged, {} explained, {} not\n", engine, from,
               all_.cases, all_.unchanged, all_.cases - all_.unchanged - all_.unexplained,
               all_.unexplained);
    fmt::print("\n{:<28}{:>8}{:>14}\n", "rule", "alone", "with others");
    for (const auto& [name, n] : by_rule_)
      fmt::print("{:<28}{:>8}{:>14}\n", name, n.first, n.second);
    fmt::print("\n{:<20}{:>6}{:>11}{:>6}  by\n", "architecture", "cases", "unchanged", "not");
    for (const auto& [name, r] : by_architecture_) print(name, r);
    print("all", all_);
    print_unexplained();
    return all_.cases > 0 && unexplained_.empty();
  }

 private:
  static void print(const std::string& name, const row& r) {
    std::vector<std::pair<int, std::string>> sets;
    for (const auto& [set, n] : r.sets) sets.emplace_back(-n, set);
    std::sort(sets.begin(), sets.end());
    std::string by;
    for (const auto& [n, set] : sets) by += fmt::format("{}{} {}", by.empty() ? "" : ", ", set, -n);
    fmt::print("{:<20}{:>6}{:>11}{:>6}  {}\n", name, r.cases, r.unchanged, r.unexplained, by);
  }
  /// A changed graph tells itself by its numbers of nodes and splits: those first.
  void print_unexplained() {
    if (!unexplained_.empty()) fmt::print("\nnot explained; with the changes that come closest:\n");
    for (auto& [id, a] : unexplained_) {
      auto& misses = a.found.misses;
      std::stable_partition(misses.begin(), misses.end(), [](const testing::miss& m) {
        return m.of == testing::compared::graph;
      });
      fmt::print("{}: {}: {}", id, names(a.changes), a.found.other_end);
      for (std::size_t i = 0; i < misses.size(); ++i)
        fmt::print("{}{} {}, ours {}", i > 0 ? "; " : "", misses[i].name, misses[i].expected,
                   misses[i].got);
      fmt::print("\n");
    }
  }

  row all_;
  std::map<std::string, row> by_architecture_;
  std::map<std::string_view, std::pair<int, int>> by_rule_;  ///< alone, with others
  std::vector<std::pair<std::string, attempt>> unexplained_;
};

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::string from(engine_release);
  if (words.size() > 1 && words[0] == "--from") {
    from = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  if (words.size() < 4) {
    std::cerr << "usage: explain_engine [--from PROFILE] ENGINE CASES DEVICES SHAPES...\n";
    return 2;
  }
  testing::recorded_runs runs(words[2], {words.begin() + 3, words.end()});
  explainer e(runs, testing::recorded_profile(from));
  table t;
  for (const auto& file : testing::case_files(words[1]))
    testing::each_case(file, [&](const json::value& c) {
      const auto there = testing::case_of_engine(c, words[0]);
      if (there) t.add(c, vrambudget::detail::stem_of(file), e.explain(*there));
    });
  return t.print(words[0], from) ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
