// How long planning takes: one budget, the largest context, a sweep. The header's parse is in
// header_bench.cpp, beside its peer: reading the same bytes once.
#include <benchmark/benchmark.h>

#include <string>

#include "vrambudget/gpu/catalogue.hpp"
#include "vrambudget/io/model_catalogue.hpp"
#include "vrambudget/io/shape.hpp"
#include "vrambudget/plan/solve.hpp"

namespace {

using namespace vrambudget;

model load(const char* name) {
  const auto header = header_from_shape(find_model(name).value().shape).value();
  const auto parsed = gguf::parse(header, {.check_data = false}).value();
  return read_model({&parsed, 1}).value();
}

std::vector<device> card() { return {to_device(find_gpu("3090").value())}; }

const run q4_slot{
    .n_ctx = 262144, .n_parallel = 1, .type_k = ggml_type::q4_0, .type_v = ggml_type::q4_0};

/// One budget where the model was planned before, as a launcher's slider does.
void budget_again(benchmark::State& state, const char* name) {
  const model m = load(name);
  planner p(m, card());
  for (auto _ : state) benchmark::DoNotOptimize(p.budget_for(q4_slot));
  state.counters["layers"] = m.hp.n_layer();
}

/// One budget from a model that was just read.
void budget_first(benchmark::State& state, const char* name) {
  const model m = load(name);
  const auto devices = card();
  for (auto _ : state) benchmark::DoNotOptimize(plan(m, q4_slot, devices));
}

void largest_context(benchmark::State& state, const char* name) {
  const model m = load(name);
  planner p(m, card());
  for (auto _ : state) benchmark::DoNotOptimize(max_context(p, q4_slot));
}

/// A sweep's point without a graph: caches and states, over contexts and cache types.
void closed_terms(benchmark::State& state, const char* name) {
  const model m = load(name);
  const auto devices = card();
  const placement where = place_layers(q4_slot, devices, m.hp.n_layer_all).value();
  run r = q4_slot;
  for (auto _ : state) {
    r.n_ctx = r.n_ctx % 262144 + 256;
    r.type_k = r.type_v = r.n_ctx % 512 ? ggml_type::q8_0 : ggml_type::q4_0;
    const context_params c = effective_context(r, m.hp).value();
    const memory_layout layout = layout_of(m.architecture, m.hp, c, where);
    benchmark::DoNotOptimize(kv_cache_bytes(layout, 0, where.host()));
    if (layout.recurrent)
      benchmark::DoNotOptimize(recurrent_state_bytes(*layout.recurrent, 0, where.host()));
  }
  state.SetItemsProcessed(state.iterations());
}

/// A sweep's point with its compute buffer to the byte.
void sweep(benchmark::State& state, const char* name) {
  const model m = load(name);
  planner p(m, card());
  run r = q4_slot;
  for (auto _ : state) {
    r.n_ctx = r.n_ctx % 262144 + 256;
    benchmark::DoNotOptimize(p.budget_for(r));
  }
  state.SetItemsProcessed(state.iterations());
}

#define MODELS(f)                                              \
  BENCHMARK_CAPTURE(f, qwen3_6_27b, "Qwen3.6-27B-UD-Q4_K_XL"); \
  BENCHMARK_CAPTURE(f, llama_3_3_70b, "llama-3.3-70b");        \
  BENCHMARK_CAPTURE(f, qwen3_235b_a22b, "qwen3-235b-a22b");    \
  BENCHMARK_CAPTURE(f, gpt_oss_120b, "gpt-oss-120b")

MODELS(budget_again);
MODELS(budget_first);
MODELS(largest_context);
BENCHMARK_CAPTURE(closed_terms, qwen3_6_27b, "Qwen3.6-27B-UD-Q4_K_XL");
BENCHMARK_CAPTURE(sweep, qwen3_6_27b, "Qwen3.6-27B-UD-Q4_K_XL");

}  // namespace
