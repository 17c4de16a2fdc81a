// run [--allocate] [--decode] [--n-rs-seq N] [--all-outputs] [--graph FILE] -- ARGUMENTS: what llama-server
// with these arguments allocates on the cards that stand in. Prints one JSON object, a case's `expected` as
// tests/truth/README.md describes it, or its `refusal`.
//
// Without --allocate the engine only projects what it would take, and reads nothing of the file but its header.
// With `-sm tensor` a projection sees one device, so only the host's numbers are told then. --decode decodes afterwards. --graph writes the graphs that it reserves.
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <regex>
#include <string>
#include <vector>

#include "../stand_in/device.hpp"
#include "decode.hpp"
#include "graph.hpp"
#include "memory_parts.hpp"
#include "refusal.hpp"
#include "server.hpp"
#include "shares.hpp"

#define private public
#include "llama-context.h"
#undef private

namespace {

using namespace recorder;

/// The graphics cards in the engine's order, then the host. What cards share is at none of them.
class places {
 public:
  places() {
    for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i)
      if (ggml_backend_dev_t d = ggml_backend_dev_get(i);
          ggml_backend_dev_type(d) == GGML_BACKEND_DEVICE_TYPE_GPU)
        cards_.push_back(d);
  }

  static constexpr std::size_t none = ~std::size_t{0};

  [[nodiscard]] std::size_t size() const { return cards_.size() + 1; }
  [[nodiscard]] std::size_t of(ggml_backend_buffer_type_t type) const {
    if (ggml_backend_buft_is_host(type)) return cards_.size();
    const auto it = std::find(cards_.begin(), cards_.end(), ggml_backend_buft_get_device(type));
    return it == cards_.end() ? none : static_cast<std::size_t>(it - cards_.begin());
  }

 private:
  std::vector<ggml_backend_dev_t> cards_;
};

json parts_json(const std::vector<memory_part>& parts, const places& where) {
  json all = json::array();
  for (const memory_part& p : parts) {
    std::vector<std::size_t> by_device(where.size());
    std::size_t sum = 0;
    for (const auto& [type, bytes] : p.bytes) {
      by_device[where.of(type)] += bytes;
      sum += bytes;
    }
    json part = {{"part", p.name}, {"bytes", sum}};
    if (!p.bytes.empty()) part["by_device"] = by_device;
    part.update(p.details);
    all.push_back(part);
  }
  return all;
}

/// Adds `devices` and `host`. `with_weights`: the context has a model of its own.
void add_memory(json& out, llama_context* context, const places& where, bool with_weights) {
  std::vector<llama_memory_breakdown_data> sums(where.size());
  for (const auto& [type, bytes] : llama_get_memory_breakdown(context)) {
    if (where.of(type) == places::none) continue;
    auto& sum = sums[where.of(type)];
    sum.model += with_weights ? bytes.model : 0;
    sum.context += bytes.context;
    sum.compute += bytes.compute;
  }
  const auto terms = [](const llama_memory_breakdown_data& d) {
    return json{{"weights", d.model}, {"context", d.context}, {"compute", d.compute}};
  };
  out["devices"] = json::array();
  for (std::size_t i = 0; i + 1 < sums.size(); ++i) out["devices"].push_back(terms(sums[i]));
  out["host"] = terms(sums.back());
}

/// `devices` of a context whose cards share it.
void add_shares(json& out, const shares& s) {
  for (std::size_t i = 0; i < s.weights.size(); ++i)
    out["devices"][i] = {
        {"weights", s.weights[i]}, {"context", s.context[i]}, {"compute", s.compute[i]}};
}

/// `devices` of all contexts, and what is pinned on the host.
void add_all_shares(json& out, const std::vector<shares>& contexts) {
  add_shares(out, contexts.at(0));
  for (std::size_t i = 0; i < contexts[0].all_reduce.size(); ++i) {
    std::size_t sum = 0;
    for (const shares& s : contexts) sum += s.all_reduce[i];
    out["devices"][i]["all_reduce"] = sum;
  }
  out["host"]["pinned"] = stand_in::pinned();
  if (out.contains("draft")) add_shares(out["draft"], contexts.at(1));
}

/// Nodes and splits as the engine logs them: "1592 / 1590", or "1372" for a prompt and a token alike.
json graph_counts(const std::string& log) {
  static const std::regex line(
      R"(graph.*: nodes = (\d+)(?: / (\d+))?, splits = (\d+)(?: / (\d+))?)");
  std::smatch m;
  if (!std::regex_search(log, m, line)) refuse("the log tells no graph");
  const auto pair = [&](std::size_t i) {
    const int first = std::stoi(m[i]);
    return json::array({first, m[i + 1].matched ? std::stoi(m[i + 1]) : first});
  };
  return {{"nodes", pair(1)}, {"splits", pair(3)}};
}

double output_mib(const std::string& log) {
  static const std::regex line(R"(output buffer size = +([0-9.]+) MiB)");
  std::smatch m;
  return std::regex_search(log, m, line) ? std::stod(m[1]) : 0;
}

json run_json(llama_context* context, const common_params& params) {
  return {{"n_ctx", llama_n_ctx(context)},
          {"n_ctx_seq", llama_n_ctx_seq(context)},
          {"n_seq_max", llama_n_seq_max(context)},
          {"n_outputs_max", params.n_outputs_max},
          {"flash_attn", context->cparams.flash_attn},
          {"sched_copies", ggml_backend_sched_get_n_copies(context->sched.get())}};
}

struct options {
  bool allocate = false, decode = false;
  changed_parameters changed;
  std::vector<char*> arguments;
};

options parse(int argc, char** argv) {
  options o;
  o.arguments.push_back(argv[0]);
  int i = 1;
  for (; i < argc && std::string(argv[i]) != "--"; ++i) {
    const std::string word = argv[i];
    if (word == "--allocate") o.allocate = true;
    if (word == "--decode") o.decode = true;
    if (word == "--all-outputs") o.changed.all_outputs = true;
    if (word == "--n-rs-seq") o.changed.n_rs_seq = std::stoi(argv[++i]);
    if (word == "--graph") write_graphs(argv[++i]);
  }
  for (++i; i < argc; ++i) o.arguments.push_back(argv[i]);
  return o;
}

}  // namespace

int main(int argc, char** argv) {
  options o = parse(argc, argv);
  capture_log();
  ggml_backend_load_all_from_path((program_folder() + "/engine").c_str());
  common_params params = server_params(static_cast<int>(o.arguments.size()), o.arguments.data());
  if (!o.allocate) {
    params.no_alloc = true;
    params.load_mode = LLAMA_LOAD_MODE_NONE;
  }
  const bool shares_cards = params.split_mode == LLAMA_SPLIT_MODE_TENSOR;
  if (shares_cards) follow_shares();
  llama_backend_init();
  const server s = start_server(params, o.changed);

  const places where;
  const auto parts = memory_parts(s.context);
  json out;
  add_memory(out, s.context, where, true);
  if (!shares_cards) out["parts"] = parts_json(parts, where);
  out["graph"] = graph_counts(engine_log());
  out["output_mib"] = output_mib(engine_log());
  if (s.draft) {
    json& draft = out["draft"];
    add_memory(draft, s.draft->context(), where, s.draft->model() != nullptr);
    if (!shares_cards) draft["parts"] = parts_json(memory_parts(s.draft->context()), where);
  }
  if (shares_cards && o.allocate) add_all_shares(out, shares_of_contexts());
  if (o.allocate && o.decode)
    if (const auto growth = decode_growth(s.context, parts)) out["decode_growth"] = *growth;
  out["run"] = run_json(s.context, params);
  std::puts(out.dump().c_str());
  std::fflush(nullptr);
  _exit(0);  // nothing here needs to be taken down
}
