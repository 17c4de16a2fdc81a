// How long planning takes: one budget, the largest context. The header's parse is in
// header_bench.cpp, beside its peer: reading the same bytes once.
#include <benchmark/benchmark.h>

#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/metal_devices.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/memory/compute_buffer.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace {

using namespace vrambudget;

/// A run of a model on one card. Several slots with caches of their own make the largest graphs.
struct planned_run {
  const char* name;  ///< in the catalogue, or of a recorded case's shape
  run r;
};
constexpr ggml_type q4_0 = ggml_type::q4_0;
const planned_run dense_64{"qwen3-32b", {.n_ctx = 32768, .n_parallel = 1}};
const planned_run dense_80{"llama-3.3-70b", {.n_ctx = 131072, .n_parallel = 1}};
const planned_run hybrid_64{"Qwen3.6-27B-UD-Q4_K_XL",
                            {.n_ctx = 262144, .n_parallel = 1, .type_k = q4_0, .type_v = q4_0}};
/// Each slot with a cache of its own.
const planned_run hybrid_64_in_four_slots{
    "Qwen3.6-27B-UD-Q4_K_XL",
    {.n_ctx = 262144, .n_parallel = 4, .type_k = q4_0, .type_v = q4_0}};
const planned_run experts_94{"qwen3-235b-a22b",
                             {.n_ctx = 40960, .n_parallel = 1, .type_k = q4_0, .type_v = q4_0}};
/// The largest graph of all recorded cases.
const planned_run largest_graph{"minimax-m3-d", {.n_ctx = 16384, .n_batch = 512, .n_parallel = 8}};

std::string shape_of(const std::string& name) {
  if (const auto known = find_model(name)) return std::string(known->shape);
  std::ifstream in(VRAMBUDGET_RECORDED_SHAPES "/" + name + ".json");
  if (!in) throw std::runtime_error("no shape of " + name);
  return {std::istreambuf_iterator<char>(in), {}};
}

model load(const planned_run& what) {
  const auto header = header_from_shape(shape_of(what.name)).value();
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  return read_model({&parsed, 1}).value();
}

std::vector<device> card() { return {to_device(find_gpu("3090").value())}; }

/// One budget where the model was planned before, as a launcher's slider does.
void budget_again(benchmark::State& state, const planned_run& what) {
  const model m = load(what);
  planner p(m, card());
  for (auto _ : state) benchmark::DoNotOptimize(p.budget_for(what.r));
  const budget b = p.budget_for(what.r).value();
  state.counters["layers"] = m.hp.n_layer();
  state.counters["nodes"] = b.prompt.n_nodes;
}

/// The same on a card of Vulkan's, or on Apple's chip.
void budget_under(benchmark::State& state, const planned_run& what, const char* gpu, bool metal) {
  const model m = load(what);
  const surroundings around{operating_system::native_linux};
  planner p(m, {(metal ? find_metal_gpu(gpu) : find_other_gpu(gpu, around)).value().d});
  for (auto _ : state) benchmark::DoNotOptimize(p.budget_for(what.r));
}

/// One budget from a model that was just read.
void budget_first(benchmark::State& state, const planned_run& what) {
  const model m = load(what);
  const auto devices = card();
  for (auto _ : state) benchmark::DoNotOptimize(plan(m, what.r, devices));
}

void largest_context(benchmark::State& state, const planned_run& what) {
  const model m = load(what);
  planner p(m, card());
  for (auto _ : state) benchmark::DoNotOptimize(max_context(p, what.r));
}

/// The best run: on one card, and of a mixture of experts on three unlike ones.
void best(benchmark::State& state, const planned_run& what, std::vector<const char*> names) {
  const model m = load(what);
  std::vector<device> devices;
  for (const char* name : names) devices.push_back(to_device(find_gpu(name).value()));
  planner p(m, devices);
  for (auto _ : state) benchmark::DoNotOptimize(find_best_run(p, what.r));
}

/// A sweep's point without a graph: caches and states, over contexts and cache types.
void closed_terms(benchmark::State& state, const planned_run& what) {
  const model m = load(what);
  const auto devices = card();
  const placement where = place_layers({}, devices, m.hp.n_layer_all).value();
  run r = what.r;
  for (auto _ : state) {
    r.n_ctx = r.n_ctx % 262144 + 256;
    r.type_k = r.type_v = r.n_ctx % 512 ? ggml_type::q8_0 : q4_0;
    const context_params c = effective_context(r, m.hp).value();
    const memory_layout layout = layout_of(m, c, where);
    benchmark::DoNotOptimize(kv_cache_bytes(layout, 0, where.cache_buffers(0)));
    if (layout.recurrent)
      benchmark::DoNotOptimize(recurrent_state_bytes(*layout.recurrent, 0, where.cache_buffers(0)));
  }
  state.SetItemsProcessed(state.iterations());
}

#define EACH_MODEL(f)                         \
  BENCHMARK_CAPTURE(f, dense_64, dense_64);   \
  BENCHMARK_CAPTURE(f, dense_80, dense_80);   \
  BENCHMARK_CAPTURE(f, hybrid_64, hybrid_64); \
  BENCHMARK_CAPTURE(f, experts_94, experts_94)

EACH_MODEL(budget_again);
BENCHMARK_CAPTURE(budget_again, largest_graph, largest_graph);
EACH_MODEL(budget_first);
BENCHMARK_CAPTURE(budget_first, largest_graph, largest_graph);
EACH_MODEL(largest_context);
BENCHMARK_CAPTURE(budget_under, vulkan_dense_64, dense_64, "7900xtx", false);
BENCHMARK_CAPTURE(budget_under, vulkan_hybrid_64, hybrid_64, "7900xtx", false);
BENCHMARK_CAPTURE(budget_under, metal_dense_64, dense_64, "m4-max-64gb", true);
BENCHMARK_CAPTURE(budget_under, metal_hybrid_64, hybrid_64, "m4-max-64gb", true);

BENCHMARK_CAPTURE(largest_context, hybrid_64_in_four_slots, hybrid_64_in_four_slots);
const planned_run dense_told{"qwen3-32b", {.n_ctx = 32768}}, experts_told{"qwen3-235b-a22b", {}};
BENCHMARK_CAPTURE(best, dense_64, dense_told, {"3090"});
BENCHMARK_CAPTURE(best, dense_64_on_two, dense_told, {"3060-12gb", "4060ti-8gb"});
BENCHMARK_CAPTURE(best, experts_94_on_three, experts_told, {"3090", "4090", "4060ti-8gb"});
BENCHMARK_CAPTURE(closed_terms, hybrid_64, hybrid_64);

}  // namespace
