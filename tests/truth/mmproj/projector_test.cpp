// Compares what we say of projectors with what llama.cpp's libmtmd really allocated, byte for byte, and
// prints a table by type. Usage: projector_test CASES DEVICES SHAPES (a folder or .jsonl, a file, a folder)
//        projector_test --graph SHAPE DEVICES GPU [vision|audio] prints the graph of the warm-up.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "recorded_cases.hpp"
#include "recorded_devices.hpp"
#include "recorded_engines.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/memory/encoder_buffers.hpp"
#include "vrambudget/memory/pool.hpp"
#include "vrambudget/plan/projector_budget.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
namespace fs = std::filesystem;

using testing::number;
using testing::read_text;
using testing::text;

using testing::tally;

enum column { weights_column, device_column, host_column, graph_column, pool_column };
const testing::headings headings = {
    "projector", {"weights", "device", "host", "graph", "pool"}, "encoded"};

projector read_shape(const fs::path& file) {
  const auto header = header_from_shape(read_text(file.string())).value();
  return read_projector(gguf::parse(header, {.check_data = false}).value()).value();
}

projector_run parse_args(const json::array& args) {
  projector_run r;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string a = text(args[i]);
    const auto next = [&] { return text(args.at(++i)); };
    if (a == "-fa") {
      r.flash_attn = next() == "on" ? flash_attn::on : flash_attn::off;
    } else if (a == "--image-min-tokens") {
      r.image_min_tokens = static_cast<std::uint32_t>(std::stoul(next()));
    } else if (a == "--image-max-tokens") {
      r.image_max_tokens = static_cast<std::uint32_t>(std::stoul(next()));
    } else if (a == "--no-mmproj-offload") {
      r.offload = false;
    } else if (a == "--no-warmup") {
      r.warmup = false;
    } else {
      throw std::runtime_error("unknown option " + a);
    }
  }
  return r;
}

encoder_input input_of(const json::value& v, bool overview) {
  return {number(v.at(0)), number(v.at(1)), number(v.at(2)), overview};
}

class runner {
 public:
  runner(const fs::path& devices, fs::path shapes)
      : shapes_(std::move(shapes)), devices_(testing::recorded_devices(devices.string())) {}

  void run_case(const engine_profile& by, const std::string& id, const json::value& c, tally& t) {
    const json::object& o = c.as_object();
    auto& p = projectors_[text(c.at("model"))];
    if (!p) p = std::make_unique<projector>(read_shape(shapes_ / (text(c.at("model")) + ".json")));
    const projector_run r = parse_args(c.at("args").as_array());
    const device& gpu = devices_.at(text(c.at("gpu")));
    if (o.contains("refusal")) {
      const bool refused = refuses(*p, r, gpu, by.rules, o);
      t.passed += refused;
      t.refused += refused;
      if (!refused)
        fmt::print("{}: planned, but the engine refuses: {}\n", id, text(c.at("refusal")));
      return;
    }
    bool same = true;
    std::map<std::string, std::int64_t> estimate;
    for (const auto& [name, want] : c.at("expected").as_object())
      same &= run_encoder(id, *p, name, r, gpu, by.rules, o, want, estimate, t);
    if (const json::value* e = o.if_contains("estimate"))
      for (const auto& [where, n] : e->as_object())
        if (estimate[std::string(where)] != number(n)) {
          fmt::print("{}: estimate on {}: expected {}, got {}\n", id, std::string(where), number(n),
                     estimate[std::string(where)]);
          same = false;
        }
    t.passed += same;
  }

 private:
  /// Whether we refuse the file, or the input of one of its encoders, too.
  static bool refuses(const projector& p, const projector_run& r, const device& gpu,
                      const engine_rules& rules, const json::object& c) {
    const device* on = r.offload ? &gpu : nullptr;
    const auto names_it = [](const auto& got) {
      return !got && got.error().code == errc::invalid_argument;
    };
    if (!c.contains("input")) return names_it(plan_projector(p, r, on, rules));
    const encoder& e = encoder_of(p, text(c.at("encoder")));
    return names_it(encoder_planner(p, e, on, r, rules).reserve(input_of(c.at("input"), false)));
  }

  static const encoder& encoder_of(const projector& p, std::string_view kind) {
    for (const encoder& e : p.encoders)
      if (kind == vrambudget::name(e.kind)) return e;
    throw std::runtime_error("no such encoder");
  }

  bool run_encoder(const std::string& id, const projector& p, std::string_view name,
                   const projector_run& r, const device& gpu, const engine_rules& rules,
                   const json::object& c, const json::value& want,
                   std::map<std::string, std::int64_t>& estimate, tally& t) {
    const json::object& w = want.as_object();
    bool same = true;
    const auto check = [&](column where, const std::string& what, std::int64_t expected,
                           std::int64_t got) {
      if (expected == got) return;
      same = false;
      ++t.misses[where];
      fmt::print("{}: {} {}: expected {}, got {}, difference {}\n", id, name, what, expected, got,
                 got - expected);
    };
    const encoder& e = encoder_of(p, name);
    const bool overview = c.contains("overview"), then = w.contains("then");
    const image_range range = image_range_of(e, r).value();
    const encoder_input warm = warmup_input(e, range, r, rules);
    check(graph_column, "warm-up", number(want.at("warmup_side")), warm.nx);
    if (const json::value* px = w.if_contains("pixels")) {
      const auto or_none = [](const auto& n) { return n ? static_cast<std::int64_t>(*n) : -1; };
      check(graph_column, "least pixels", number(px->at(0)), or_none(range.min_pixels));
      check(graph_column, "most pixels", number(px->at(1)), or_none(range.max_pixels));
    }

    encoder_planner planner(p, e, r.offload ? &gpu : nullptr, r, rules);
    const json::value* input = w.if_contains("input");
    const bool as_warmup = text(c.at("kind")) != "image";
    encoder_buffers got =
        planner.reserve(!input || as_warmup ? warm : input_of(*input, overview)).value();
    const auto bytes_of = [](bytes b) { return static_cast<std::int64_t>(b.count); };
    check(weights_column, "weights", number(want.at("weights")), bytes_of(planner.weights()));
    if (const json::value* n = w.if_contains("reported"))
      check(weights_column, "tensors", number(*n), bytes_of(planner.weights_reported()));
    if (const json::value* b = w.if_contains("before")) {
      check(device_column, "compute after loading", number(b->at("device")), bytes_of(got.device));
      check(host_column, "host after loading", number(b->at("host")), bytes_of(got.host));
    }
    if (then) got = planner.reserve(input_of(w.at("then"), overview)).value();
    if (!r.warmup && as_warmup && !then) got.device = got.host = bytes{};
    check(device_column, "compute", number(want.at("device")), bytes_of(got.device));
    check(host_column, "host", number(want.at("host")), bytes_of(got.host));
    if (const json::value* g = w.if_contains("graph"); g && !then) {
      check(graph_column, "nodes", number(g->at("nodes")), got.graph.n_nodes);
      check(graph_column, "splits", number(g->at("splits")), got.graph.n_splits);
      check(graph_column, "flash attention", g->at("flash_attn").as_bool(), got.flash_attn);
      check(graph_column, "width of the output", number(g->at("output").at(0)), got.n_embd_out);
    }
    if (const json::value* n = w.if_contains("encode")) {
      const bytes need = pad(got.pool.scratch, cuda::pool_granularity);
      const std::int64_t grew = number(*n), pool = bytes_of(need);
      ++t.pools;
      t.close += pool >= grew && pool - grew <= bytes_of(2_MiB);
      if (grew > pool) check(pool_column, "pool, a bound", grew, pool);
    }
    const std::string where = r.offload ? "CUDA0" : "CPU";
    estimate[where] += bytes_of(planner.weights_reported() + got.device);
    estimate["CPU"] += bytes_of(got.host);
    return same;
  }

  fs::path shapes_;
  std::map<std::string, device> devices_;
  std::map<std::string, std::unique_ptr<projector>> projectors_;
};

/// One node a line: [operation, type, dimensions, strides, sources]; sources are "#node" or names.
int print_graph(int argc, char** argv) {
  const projector p = read_shape(argv[2]);
  const device gpu = testing::recorded_devices(argv[3]).at(argv[4]);
  const std::string_view which = argc > 5 ? argv[5] : "vision";
  for (const encoder& e : p.encoders) {
    if (which != vrambudget::name(e.kind)) continue;
    encoder_planner planner(p, e, &gpu);
    const auto ok = planner.reserve(warmup_input(e, image_range_of(e, {}).value(), {}, {}));
    if (!ok) std::cerr << ok.error().message << "\n";
    std::unordered_map<const ggml::tensor*, std::size_t> index;
    for (const ggml::tensor* t : planner.last_graph().nodes()) index.emplace(t, index.size());
    for (const ggml::tensor* t : planner.last_graph().nodes()) {
      json::array sources;
      for (int i = 0; i < t->n_src; ++i) {
        const ggml::tensor* s = t->src[static_cast<std::size_t>(i)];
        if (!s) continue;
        const auto at = index.find(s);
        sources.emplace_back(at == index.end() ? std::string(s->name)
                                               : "#" + std::to_string(at->second));
      }
      std::cout << json::serialize(json::array{ggml::name(t->op), traits(t->type).name,
                                               json::value_from(t->ne), json::value_from(t->nb),
                                               sources, t->name})
                << "\n";
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc > 4 && std::string_view(argv[1]) == "--graph") return print_graph(argc, argv);
  if (argc != 4) {
    std::cerr << "usage: projector_test CASES DEVICES SHAPES\n";
    return 2;
  }
  runner r(argv[2], argv[3]);
  return testing::run_cases(argv[1], headings, [&](const json::value& c, tally& t) {
    const auto run = [&](const engine_profile& by, const std::string& id, const json::value& of) {
      r.run_case(by, id, of, t);
    };
    t.cases += testing::for_each_engine(c, run) - 1;
  });
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
