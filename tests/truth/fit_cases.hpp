// What a recorded case of `--fit` was given.
#pragma once

#include <boost/json.hpp>
#include <map>
#include <string>
#include <vector>

#include "recorded_devices.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/plan/fitted_run.hpp"
#include "vrambudget/request/run_line.hpp"

namespace vrambudget::testing {

struct fit_case {
  run r;
  std::vector<device> devices;
  fit_wish wish;

  /// `c`: of one engine; `cards`: by the cases' names.
  fit_case(const boost::json::object& c, const std::map<std::string, device>& cards) {
    std::vector<std::string> args;
    for (const boost::json::value& a : c.at("args").as_array()) args.push_back(text(a));
    r = request::parse_run(args).value();
    for (std::size_t i = 0; i < c.at("gpus").as_array().size(); ++i) {
      devices.push_back(cards.at(text(c.at("gpus").at(i))));
      devices.back().free = mib(c.at("free_mib").at(i));
    }
    if (const boost::json::value* all = c.if_contains("targets_mib")) {
      wish.targets.clear();
      for (const boost::json::value& n : all->as_array()) wish.targets.push_back(mib(n));
    }
    if (const boost::json::value* n = c.if_contains("min_ctx"))
      wish.min_ctx = static_cast<std::uint32_t>(number(*n));
    wish.whole_ctx = c.contains("whole_ctx");
  }

 private:
  static bytes mib(const boost::json::value& n) {
    return static_cast<std::uint64_t>(number(n)) * 1_MiB;
  }
};

}  // namespace vrambudget::testing
