// A million points of a sweep, and what planning each of them by itself would take.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/plan/sweep.hpp"

namespace {

using namespace vrambudget;

model load(const std::string& name) { return read_shape(find_model(name).value()).value(); }

/// Every context of the engine's grid up to 262,144 tokens on cards of all generations.
sweep_axes grid_of(const model& m) {
  sweep_axes a;
  a.models = {&m};
  for (const gpu_entry& g : gpus())
    if (g.cc && g.n_sm) a.gpus.push_back({to_device(g)});
  for (const ggml_type t :
       {ggml_type::f16, ggml_type::bf16, ggml_type::q8_0, ggml_type::q5_1, ggml_type::q4_0})
    a.cache_types.emplace_back(t, t);
  a.n_parallel = {1, 4};
  for (std::uint32_t n = 256; n <= 262144; n += 256) a.n_ctx.push_back(n);
  const std::size_t enough = (1000000 + a.size() / a.gpus.size() - 1) / (a.size() / a.gpus.size());
  if (a.gpus.size() > enough) a.gpus.resize(enough);
  return a;
}

void of_points(benchmark::State& state, std::uint64_t n) {
  state.SetItemsProcessed(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(state.iterations()) * n));
}

void whole_grid(benchmark::State& state, const char* name) {
  const model m = load(name);
  const sweep_axes axes = grid_of(m);
  const auto n_threads = static_cast<unsigned>(state.range(0));
  std::uint64_t budgets = 0, rows = 0;
  for (auto _ : state) {
    const sweep_result r = sweep(axes, {}, on_threads(n_threads));
    budgets = r.n_budgets;
    rows = r.columns.used.size();
    benchmark::DoNotOptimize(r.columns.used.data());
  }
  of_points(state, axes.size());
  state.counters["rows"] = static_cast<double>(rows);
  state.counters["budgets"] = static_cast<double>(budgets);
}

/// The same points, some of them, each planned by itself from the model that was read.
void plan_each(benchmark::State& state, const char* name) {
  const model m = load(name);
  const sweep_axes axes = grid_of(m);
  std::mt19937 random(1);
  const auto any = [&](const auto& list) { return list[random() % list.size()]; };
  for (auto _ : state) {
    run r;
    r.n_ctx = any(axes.n_ctx);
    r.n_parallel = any(axes.n_parallel);
    std::tie(r.type_k, r.type_v) = any(axes.cache_types);
    benchmark::DoNotOptimize(plan(m, r, any(axes.gpus)));
  }
  of_points(state, 1);
}

#define EACH_MODEL(f, ...)                                               \
  BENCHMARK_CAPTURE(f, dense_64, "qwen3-32b") __VA_ARGS__;               \
  BENCHMARK_CAPTURE(f, hybrid_64, "Qwen3.6-27B-UD-Q4_K_XL") __VA_ARGS__; \
  BENCHMARK_CAPTURE(f, experts_94, "qwen3-235b-a22b") __VA_ARGS__;       \
  BENCHMARK_CAPTURE(f, windows_62, "gemma-3-27b") __VA_ARGS__

EACH_MODEL(whole_grid, ->ArgName("threads")
                           ->Arg(1)
                           ->Arg(2)
                           ->Unit(benchmark::kMillisecond)
                           ->MeasureProcessCPUTime()
                           ->UseRealTime());
EACH_MODEL(plan_each, ->Unit(benchmark::kMillisecond));

}  // namespace
