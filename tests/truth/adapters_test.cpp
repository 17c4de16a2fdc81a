// Compares what adapters take, and what graphs with them need more, with what the engine allocated.
// Usage: adapters_test CASES DEVICES SHAPES... (a .jsonl, a .json, folders)
#include "vrambudget/model/adapters.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "recorded_devices.hpp"
#include "recorded_shapes.hpp"
#include "vrambudget/ggml/graph.hpp"
#include "vrambudget/gguf/writer.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/request/run_line.hpp"

namespace {

using namespace vrambudget;
namespace json = boost::json;
using testing::number;
using testing::text;

/// An adapter of that rank for the tensors whose names match, read from a header as a file has it.
lora_adapter made_lora(const model& m, const json::value& c) {
  const std::regex of(text(c.at("of")));
  const ggml_type type = type_from_name(text(c.at("type"))).value();
  const std::int64_t rank = number(c.at("rank"));
  gguf::writer out;
  out.add("general.type", "adapter");
  out.add("general.architecture", m.architecture);
  out.add("adapter.type", "lora");
  out.add("adapter.lora.alpha", static_cast<float>(2 * rank));
  std::int64_t n_pairs = 0;
  for (const model_tensor& t : m.tensors) {
    if (!std::regex_search(t.name, of)) continue;
    ++n_pairs;
    const bool of_embeddings = t.name == "token_embd.weight";
    out.add_tensor(t.name + ".lora_a", type,
                   {of_embeddings ? rank : t.ne[0], of_embeddings ? t.ne[1] : rank, t.ne[2]});
    out.add_tensor(t.name + ".lora_b", type, {rank, of_embeddings ? t.ne[0] : t.ne[1], t.ne[2]});
  }
  if (n_pairs != number(c.at("n_pairs")))
    throw std::runtime_error(
        fmt::format("{} pairs instead of {}", n_pairs, number(c.at("n_pairs"))));
  const std::vector<std::byte> header = out.finish();
  return read_lora(gguf::parse(header, {.check_data = false}).value()).value();
}

model adapted(model m, const json::object& c) {
  adapters all;
  if (const json::value* loras = c.if_contains("loras"))
    for (const json::value& l : loras->as_array()) all.loras.push_back(made_lora(m, l));
  if (c.contains("control_vector"))
    all.control_vectors.push_back({.n_embd = static_cast<std::int64_t>(m.hp.n_embd)});
  m.adapted_by = std::make_shared<const adapters>(std::move(all));
  return m;
}

why::adapters parts_of(const term_list& l) {
  const term* const t = l.find(term_kind::adapters);
  return t ? std::get<why::adapters>(t->why.front()) : why::adapters{};
}

struct counts {
  int cases = 0, equal = 0, pools = 0, exact_pools = 0, close_pools = 0;
};

class comparison {
 public:
  comparison(const json::value& c, const budget& b, counts& n) : c_(c), b_(b), n_(n) {}

  bool is_equal() {
    const json::value& want = c_.at("expected");
    const json::array& devices = want.at("devices").as_array();
    for (std::size_t i = 0; i < devices.size(); ++i) {
      const device_budget& d = b_.devices[i];
      compare(name(d.id), devices[i].as_object(), d);
      compare_growth(devices[i].as_object(), d);
    }
    compare("host", want.at("host").as_object(), b_.host);
    return equal_;
  }

 private:
  void check(const std::string& what, const json::object& want, const char* key, bytes got) {
    const json::value* v = want.if_contains(key);
    if (!v || static_cast<std::uint64_t>(number(*v)) == got.count) return;
    equal_ = false;
    fmt::print("{}: {} {}: expected {}, got {}\n", text(c_.at("id")), what, key, number(*v),
               got.count);
  }
  void compare(const std::string& where, const json::object& want, const term_list& l) {
    const why::adapters parts = parts_of(l);
    check(where, want, "pairs", parts.pairs);
    check(where, want, "directions", parts.directions);
    if (l.of(term_kind::adapters) != parts.pairs + parts.directions) equal_ = false;
    check(where, want, "compute", l.of(term_kind::compute_buffer));
    check(where, want, "applied",
          l.of(term_kind::compute_buffer) + l.of(term_kind::adapter_growth));
    if (const json::value* mib = want.if_contains("pairs_mib"))
      if (fmt::format("{:.2f}", static_cast<double>(parts.pairs.count) / (1 << 20)) !=
          fmt::format("{:.2f}", mib->to_number<double>())) {
        equal_ = false;
        fmt::print("{}: host pairs: {} bytes\n", text(c_.at("id")), parts.pairs.count);
      }
  }
  /// What the first prompt took in addition must be within the bound.
  void compare_growth(const json::object& want, const device_budget& d) {
    const json::value* v = want.if_contains("growth");
    if (!v) return;
    const auto grew = static_cast<std::uint64_t>(number(*v));
    const std::uint64_t got = (d.of(term_kind::pool) + d.of(term_kind::adapter_growth)).count;
    ++n_.pools;
    n_.exact_pools += got == grew;
    n_.close_pools += got >= grew && got - grew <= (2_MiB).count;
    if (got != grew)
      fmt::print("{}: {} pool, a bound: {} taken, {} told\n", text(c_.at("id")), name(d.id), grew,
                 got);
    if (grew > got) equal_ = false;
  }

  const json::value& c_;
  const budget& b_;
  counts& n_;
  bool equal_ = true;
};

bool is_equal(const json::value& c, const std::map<std::string, device>& cards,
              testing::recorded_shapes& models, counts& n) {
  std::vector<std::string> args;
  for (const json::value& a : c.at("args").as_array()) args.push_back(text(a));
  std::vector<device> devices;
  for (const json::value& g : c.at("gpus").as_array()) devices.push_back(cards.at(text(g)));
  const run r = request::parse_run(args).value();
  const model m = adapted(models[text(c.at("model"))], c.as_object());
  std::size_t nodes =
      0;  // of the last graph of a prompt, which has the adapters if they are applied
  const auto b = planner(m, devices)
                     .budget_for(r,
                                 [&](graph_phase p, const ggml::graph& g, const ggml::scheduler&) {
                                   if (p == graph_phase::prompt) nodes = g.nodes().size();
                                 },
                                 {.enforced = false});
  const json::value* const recorded = c.at("expected").as_object().if_contains("nodes");
  if (b && recorded && static_cast<std::size_t>(number(*recorded)) != nodes) {
    fmt::print("{}: nodes: expected {}, got {}\n", text(c.at("id")), number(*recorded), nodes);
    return false;
  }
  if (b) return comparison(c, *b, n).is_equal();
  fmt::print("{}: refused: {}\n", text(c.at("id")), b.error().message);
  return false;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc < 4) {
    std::cerr << "usage: adapters_test CASES DEVICES SHAPES...\n";
    return 2;
  }
  const auto cards = testing::recorded_devices(argv[2]);
  testing::recorded_shapes models({argv + 3, argv + argc});
  std::ifstream in(argv[1]);
  counts n;
  for (std::string line; std::getline(in, line); ++n.cases)
    n.equal += is_equal(json::parse(line), cards, models, n);
  fmt::print("{} of {} cases equal; of {} pools {} to the byte, {} at most 2 MiB above\n", n.equal,
             n.cases, n.pools, n.exact_pools, n.close_pools);
  return n.cases > 0 && n.equal == n.cases ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 2;
}
