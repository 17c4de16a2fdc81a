// Runs recorded cases and prints how many are equal to the engine, a line for each file of them.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "recorded_devices.hpp"

namespace vrambudget::testing {

/// What came out of the cases of one file.
struct tally {
  int cases = 0, passed = 0, refused = 0;
  int pools = 0, close = 0;  ///< pools that are compared; those at most 2 MiB too large
  std::vector<int> misses;   ///< by column

  tally& operator+=(const tally& o) {
    cases += o.cases;
    passed += o.passed;
    refused += o.refused;
    pools += o.pools;
    close += o.close;
    for (std::size_t i = 0; i < misses.size(); ++i) misses[i] += o.misses[i];
    return *this;
  }
};

/// The table's words.
struct headings {
  std::string_view of_file;               ///< what a file's name is
  std::vector<std::string_view> columns;  ///< of what is compared
  std::string_view of_pools;              ///< whose pools are compared
};

inline void print_row(std::string_view name, const tally& t) {
  fmt::print("{:<24}{:>7}{:>8}", name, t.cases, t.passed);
  for (const int m : t.misses) fmt::print("{:>9}", m == 0 ? "." : fmt::format("-{}", m));
  fmt::print("{:>9}{:>9}{:>9}\n", t.refused, t.pools, t.close);
}

/// The files of a folder in order, or the file itself.
inline std::vector<std::string> case_files(const std::string& cases) {
  std::vector<std::string> files;
  for (const std::string& name : vrambudget::detail::names_in(cases))
    files.push_back(cases + "/" + name);
  return files.empty() ? std::vector{cases} : files;
}

/// All cases of a file, one a line.
inline void each_case(const std::string& file,
                      const std::function<void(const boost::json::value&)>& see) {
  const std::string text = read_text(file);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    see(boost::json::parse(std::string_view(text).substr(at, end - at)));
    at = end + 1;
  }
}

/// `cases`: a file or a folder of files. What a case throws is printed as its miss. 0 if there are cases
/// and all passed, else 1.
inline int run_cases(const std::string& cases, const headings& h,
                     const std::function<void(const boost::json::value&, tally&)>& run_case) {
  tally none;
  none.misses.resize(h.columns.size());
  std::map<std::string, tally> by_file;
  for (const std::string& file : case_files(cases)) {
    tally& t = by_file.emplace(vrambudget::detail::stem_of(file), none).first->second;
    each_case(file, [&](const boost::json::value& c) {
      ++t.cases;
      const int passed = t.passed;
      try {
        run_case(c, t);
      } catch (const std::exception& e) {
        t.passed = passed;
        fmt::print("{}: {}\n", std::string_view(c.at("id").as_string()), e.what());
      }
    });
  }
  fmt::print("{:<24}{:>7}{:>8}", h.of_file, "cases", "exact");
  for (const std::string_view c : h.columns) fmt::print("{:>9}", c);
  fmt::print("{:>9}{:>9}{:>9}\n", "refused", h.of_pools, "in 2 MiB");
  tally all = none;
  for (const auto& [name, t] : by_file) {
    print_row(name, t);
    all += t;
  }
  print_row("all", all);
  fmt::print("{} passed, {} failed\n", all.passed, all.cases - all.passed);
  return all.cases > 0 && all.passed == all.cases ? 0 : 1;
}

}  // namespace vrambudget::testing
