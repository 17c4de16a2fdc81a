// Prints the graphs of a run as the allocator gets them, one tensor a line: phase, operation, layer,
// name, type, dimensions, bytes, backend, place. For comparing with a dump of the engine's own graphs.
// Usage: dump_graph SHAPE DEVICES GPU[,GPU...] [llama-server's options]
#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "cli/run_options.hpp"
#include "recorded_devices.hpp"
#include "vrambudget/io/shape.hpp"
#include "vrambudget/memory/compute_buffer.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/placement.hpp"

namespace {

using namespace vrambudget;

std::string place_of(const ggml::tensor& t) {
  if (t.home >= 0) return fmt::format("own:{}", t.home);
  if (ggml::is_view(t)) return "view";
  return fmt::format("B{}+{}", t.buffer, t.address);
}

void print(const char* phase, const ggml::tensor& t, int backend) {
  fmt::print("{}\t{}\t{}\t{}\t{}\t{},{},{},{}\t{}\t{}\t{}\n", phase, ggml::name(t.op), t.il, t.name,
             traits(t.type).name, t.ne[0], t.ne[1], t.ne[2], t.ne[3], t.nbytes, backend,
             place_of(t));
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: dump_graph SHAPE DEVICES GPU[,GPU...] [llama-server's options]\n";
    return 2;
  }
  const auto header = header_from_shape(testing::read_text(argv[1])).value();
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  const model m = read_model({&parsed, 1}).value();
  const auto known = testing::recorded_devices(argv[2]);
  std::vector<device> cards;
  for (const std::string& name : CLI::detail::split(argv[3], ',')) cards.push_back(known.at(name));

  const run r = cli::parse_run({argv + 4, argv + argc}).value();
  const context_params context = effective_context(r, m.hp).value();
  const std::vector<device> devices = devices_of(r, cards).value();
  const placement where = place_layers(r, devices, m.hp.n_layer_all).value();
  const weights placed = place_weights(m, where, r).value();
  graph_planner graphs(m, where, placed, devices, r);
  const auto buffers =
      graphs.plan(context, layout_of(m.architecture, m.hp, context, where),
                  [](const char* phase, const ggml::graph& g, const ggml::scheduler& s) {
                    for (const ggml::tensor* t : g.leafs()) print(phase, *t, t->backend);
                    for (const ggml::placed& p : s.schedule_of_last())
                      print(phase, *p.t, p.backend);
                  });
  if (!buffers) {
    std::cerr << buffers.error().message << "\n";
    return 1;
  }
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
