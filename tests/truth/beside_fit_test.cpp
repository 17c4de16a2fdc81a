// Holds the best run for a context against what `--fit` makes of the same one, with what that leaves free left free,
// but no more than it is told to: it has more tokens that the model was trained for, or as many with more layers
// on the GPUs (-ngl), or as many with as many of them whole there.
// Usage: beside_fit_test CASES DEVICES SHAPES... (a .jsonl, a file, folders)
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "fit_cases.hpp"
#include "recorded_devices.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/fitted_run.hpp"
#include "vrambudget/request/run_line.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
using testing::text;

/// Layers none of whose weights are on the host.
std::size_t whole_layers(const model& m, const run& r, const std::vector<device>& devices) {
  const auto used = devices_of(r, devices).value();
  const auto where = place_layers(r, used, m.hp.n_layer_all).value();
  const auto placed = place_weights(m, where, r, devices.size()).value();
  std::vector<bool> whole(m.hp.n_layer(), true);
  for (const placed_weight& w : placed.all) {
    const int il = stack_of(m.tensors[w.tensor].name).il;
    if (il >= 0 && static_cast<std::size_t>(il) < whole.size() &&
        w.backend == static_cast<int>(where.n_devices()))
      whole[static_cast<std::size_t>(il)] = false;
  }
  return static_cast<std::size_t>(std::count(whole.begin(), whole.end(), true));
}

std::string in_words(const run& r) {
  std::string words;
  for (const request::argument& a : request::arguments_of(r)) words += a.flag + " " + a.value + " ";
  return words;
}

struct counts {
  int longer = 0, more_layers = 0, equal = 0, worse = 0, fit_fails = 0, none = 0;
};

void compare(const json::object& c, const std::map<std::string, device>& cards,
             testing::recorded_shapes& models, counts& n) {
  const testing::fit_case given(c, cards);
  const model& m = models[text(c.at("model"))];
  planner as_told(m, given.devices, {.buffers_only = true});
  const auto fitted = fit_run(as_told, given.r, given.wish);
  if (!fitted) throw std::runtime_error(fitted.error().message);
  const auto theirs = as_told.budget_for(fitted->r);
  const bool works = theirs && theirs->fits();

  std::vector<device> left = given.devices;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const bytes target = given.wish.targets[given.wish.targets.size() == 1 ? 0 : i];
    const device_budget* const d =
        works ? theirs->find_device({.index = static_cast<std::uint32_t>(i)}) : nullptr;
    const bytes kept =
        d ? saturating_sub(d->usable,
                           theirs->pages_on(static_cast<std::size_t>(d - theirs->devices.data())))
          : target;
    left[i].free = saturating_sub(left[i].free, std::min(target, kept));
  }
  planner p(m, left, {.buffers_only = true});
  run told = given.r;
  if (given.wish.whole_ctx) told.n_ctx = m.hp.n_ctx_train;
  const auto best = find_best_run(p, told, preference::context);
  if (!best) throw std::runtime_error(best.error().message);
  const std::string id = text(c.at("id"));
  if (!*best) {
    ++n.none;
    fmt::print("{}: no run of ours; theirs {}\n", id, works ? "works" : "fails");
    if (works) ++n.worse;
    return;
  }
  if (!works) {
    ++n.fit_fails;
    return;
  }
  const budget ours = p.budget_for((*best)->how.changed).value();
  const std::uint64_t most =
      std::uint64_t{m.hp.n_ctx_train} * (ours.context.kv_unified ? 1 : ours.context.n_seq_max);
  const auto tokens = [&](const budget& b) {
    return std::min<std::uint64_t>(b.context.n_ctx, std::max<std::uint64_t>(most, given.r.n_ctx));
  };
  const std::size_t here = whole_layers(m, (*best)->how.changed, left),
                    there = whole_layers(m, fitted->r, given.devices);
  const auto ours_are = std::tuple(tokens(ours), ours.n_gpu_layers, here),
             theirs_are = std::tuple(tokens(*theirs), theirs->n_gpu_layers, there);
  if (tokens(ours) > tokens(*theirs))
    ++n.longer;
  else if (ours_are > theirs_are)
    ++n.more_layers;
  else if (ours_are == theirs_are)
    ++n.equal;
  else
    ++n.worse;
  if (ours_are < theirs_are)
    fmt::print("{}: {} tokens and {} whole layers, --fit {} and {}; {}\n", id, tokens(ours), here,
               tokens(*theirs), there, in_words((*best)->how.changed));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: beside_fit_test CASES DEVICES SHAPES...\n";
    return 2;
  }
  const auto cards = testing::recorded_devices(argv[2]);
  testing::recorded_shapes models({argv + 3, argv + argc});
  std::ifstream in(argv[1]);
  counts n;
  for (std::string line; std::getline(in, line);)
    compare(json::parse(line).as_object(), cards, models, n);
  fmt::print(
      "{} with more tokens, {} with more layers, {} equal, {} where --fit's run "
      "fails, {} without a run, {} worse\n",
      n.longer, n.more_layers, n.equal, n.fit_fails, n.none, n.worse);
  return n.longer > 0 && n.worse == 0 ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
