// Compares what a sequence weighs as a saved prompt and as a checkpoint with what the engine said of it
// after each of some batches, byte for byte. Usage: state_test STATES SHAPES... (a .jsonl, folders)
#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "recorded_devices.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/sequence_state.hpp"
#include "vrambudget/request/run_line.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
using testing::number;
using testing::text;

/// Whether all states of a recorded run are equal.
bool is_equal(const json::value& c, testing::recorded_shapes& models) {
  std::vector<std::string> args;
  for (const json::value& a : c.at("args").as_array()) args.push_back(text(a));
  run r = request::parse_run(args).value();
  if (const json::value* n = c.as_object().if_contains("n_rs_seq"))
    r.n_rs_seq = static_cast<std::uint32_t>(number(*n));
  const model& m = models[text(c.at("model"))];
  const context_params cp = effective_context(r, m.hp).value();
  const memory_layout kept = layout_of(m, cp, place_layers(r, {}, m.hp.n_layer_all).value());
  bool equal = true;
  for (const json::value& state : c.at("states").as_array()) {
    const auto n_tokens = static_cast<std::uint64_t>(number(state.at(0)));
    const auto check = [&](const char* what, std::size_t i, bytes got) {
      if (static_cast<std::uint64_t>(number(state.at(i))) == got.count) return;
      equal = false;
      fmt::print("{}: {} of {} tokens: expected {}, got {}\n", text(c.at("id")), what, n_tokens,
                 number(state.at(i)), got.count);
    };
    check("state", 1, sequence_state_bytes(kept, m.hp, cp.rules, n_tokens));
    check("checkpoint", 2, checkpoint_bytes(kept, m.hp, cp.rules, n_tokens));
  }
  return equal;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 3) {
    std::cerr << "usage: state_test STATES SHAPES...\n";
    return 2;
  }
  testing::recorded_shapes models({argv + 2, argv + argc});
  std::ifstream in(argv[1]);
  int n = 0, equal = 0;
  for (std::string line; std::getline(in, line); ++n) equal += is_equal(json::parse(line), models);
  fmt::print("{} of {} runs equal\n", equal, n);
  return n > 0 && equal == n ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
