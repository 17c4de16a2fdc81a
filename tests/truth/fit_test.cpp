// Compares what `--fit` makes of a run with what the engine made of it: context, layers, split, overrides.
// Usage: fit_test CASES DEVICES SHAPES... (a .jsonl, a file, folders)
#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "fit_cases.hpp"
#include "recorded_devices.hpp"
#include "recorded_engines.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/plan/fitted_run.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
using testing::text;

/// As the cases have it: layers if somebody told them, split and overrides where the engine did.
json::object chosen(const fitted_run& f) {
  json::object o{{"status", f.status == fit_status::success ? "success" : "failure"},
                 {"n_ctx", f.r.n_ctx}};
  if (f.r.n_gpu_layers >= 0) o["n_gpu_layers"] = f.r.n_gpu_layers;
  if (!f.moved) return o;
  json::array split, overrides;
  for (const float n : f.r.tensor_split) split.emplace_back(static_cast<std::int64_t>(n));
  for (const tensor_override& x : f.r.overrides)
    overrides.push_back(json::array{x.pattern, x.buffer});
  if (!split.empty()) o["tensor_split"] = std::move(split);
  if (!overrides.empty()) o["overrides"] = std::move(overrides);
  return o;
}

/// Whether the choice of one engine is ours.
bool is_equal(const engine_profile& profile, const std::string& id, const json::value& c,
              const std::map<std::string, device>& cards, testing::recorded_shapes& models) {
  testing::fit_case given(c.as_object(), cards);
  given.r.profile = profile;
  planner p(models[text(c.at("model"))], given.devices, {.buffers_only = true});
  const auto f = fit_run(p, given.r, given.wish);
  const std::string ours = f ? json::serialize(chosen(*f)) : f.error().message;
  const std::string wanted = json::serialize(c.at("chosen"));
  if (f && json::parse(ours) == json::parse(wanted)) return true;
  fmt::print("{}: expected {}, got {}\n", id, wanted, ours);
  return false;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: fit_test CASES DEVICES SHAPES...\n";
    return 2;
  }
  const auto cards = testing::recorded_devices(argv[2]);
  testing::recorded_shapes models({argv + 3, argv + argc});
  std::ifstream in(argv[1]);
  int n = 0, equal = 0;
  for (std::string line; std::getline(in, line);) {
    const json::value c = json::parse(line);
    n += testing::for_each_engine(
        c, [&](const engine_profile& p, const std::string& id, const json::value& of) {
          equal += is_equal(p, id, of, cards, models);
        });
  }
  fmt::print("{} of {} choices equal\n", equal, n);
  return n > 0 && equal == n ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
