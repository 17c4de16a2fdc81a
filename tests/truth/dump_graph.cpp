// Prints the graphs of a run as the allocator gets them, one tensor a line: phase, operation, layer,
// name, type, dimensions, bytes, backend, place. For comparing with a dump of the engine's own graphs.
// Phases of a draft are "draft prompt" and "draft generation".
// Usage: dump_graph SHAPE DEVICES GPU[,GPU...] [-md SHAPE] [--engine PROFILE] [--changes NAME[,NAME...]]
//        [--n-rs-seq N] [llama-server's options]
// --changes: rows of engine/changes.hpp that hold besides the profile's rules.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "recorded_devices.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/ggml/graph.hpp"
#include "vrambudget/ggml/scheduler.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/run_line.hpp"

namespace {

using namespace vrambudget;

std::string place_of(const ggml::tensor& t) {
  if (t.home >= 0) return fmt::format("own:{}", t.home);
  if (ggml::is_view(t)) return "view";
  return fmt::format("B{}+{}", t.buffer, t.address);
}

void print(std::string_view phase, const ggml::tensor& t, int backend) {
  fmt::print("{}\t{}\t{}\t{}\t{}\t{},{},{},{}\t{}\t{}\t{}\n", phase, ggml::name(t.op), t.il, t.name,
             traits(t.type).name, t.ne[0], t.ne[1], t.ne[2], t.ne[3], t.nbytes, backend,
             place_of(t));
}

constexpr std::string_view phases[] = {"generation", "prompt", "draft generation", "draft prompt"};

model read_shape(const std::string& file) {
  const auto header = header_from_shape(testing::read_text(file)).value();
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  return read_model({&parsed, 1}).value();
}

/// The word after `option`; both are taken out.
std::string taken(std::vector<std::string>& args, std::string_view option) {
  const auto at = std::find(args.begin(), args.end(), option);
  if (args.end() - at < 2) return {};
  std::string word = *(at + 1);
  args.erase(at, at + 2);
  return word;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: dump_graph SHAPE DEVICES GPU[,GPU...] [-md SHAPE] [--engine PROFILE] "
                 "[--changes NAME[,NAME...]] [--n-rs-seq N] [llama-server's options]\n";
    return 2;
  }
  std::vector<std::string> args(argv + 4, argv + argc);
  std::optional<model> draft;
  if (const std::string file = taken(args, "-md"); !file.empty()) draft = read_shape(file);
  const std::string engine = taken(args, "--engine"), kept = taken(args, "--n-rs-seq");
  const std::string changes = "," + taken(args, "--changes") + ",";
  const model m = read_shape(argv[1]);
  const auto known = testing::recorded_devices(argv[2]);
  std::vector<device> cards;
  std::istringstream names(argv[3]);
  for (std::string name; std::getline(names, name, ',');) cards.push_back(known.at(name));

  run r = request::parse_run(args).value();
  for (const engine_profile& e : engine_profiles)
    if (e.name == engine) r.profile = e;
  for (const engine_change& c : engine_changes)
    if (changes.find("," + std::string(c.name) + ",") != changes.npos) c.apply(r.profile.rules);
  if (!kept.empty()) r.n_rs_seq = static_cast<std::uint32_t>(std::stoul(kept));
  planner p(m, cards, {}, draft ? &*draft : nullptr);
  const auto b =
      p.budget_for(r, [](graph_phase seen, const ggml::graph& g, const ggml::scheduler& s) {
        const std::string_view phase = phases[static_cast<std::size_t>(seen)];
        for (const ggml::tensor* t : g.leafs()) print(phase, *t, t->backend);
        for (const ggml::placed& placed : s.schedule_of_last())
          print(phase, *placed.t, placed.backend);
      });
  if (!b) {
    std::cerr << b.error().message << "\n";
    return 1;
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
