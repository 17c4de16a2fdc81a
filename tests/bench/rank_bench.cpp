// How long it takes to rank all catalogued models, as `vrambudget --gpu 3090 -c 32768` does, on one thread.
#include <benchmark/benchmark.h>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/ranked_models.hpp"
#include "vrambudget/plan/sweep.hpp"

namespace {

using namespace vrambudget;

void rank(benchmark::State& state, const char* gpu, std::uint32_t n_ctx, std::optional<bytes> ram,
          preference prefer) {
  ranking_question q{
      .devices = {to_device(find_gpu(gpu).value(), {operating_system::native_linux})},
      .base = {.n_ctx = n_ctx}};
  q.held_against.ram = ram;
  q.prefer = prefer;
  std::vector<ranked_model> all;
  for (auto _ : state) benchmark::DoNotOptimize(all = rank_models(q, {}, in_turn()).models);
  state.counters["fit"] = static_cast<double>(names_that_fit(all).size());
  state.counters["run"] = static_cast<double>(names_that_run(all).size());
}

BENCHMARK_CAPTURE(rank, on_a_card, "3090", 32768, std::nullopt, preference::quality)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(rank, on_a_small_card, "4060ti-8gb", 8192, std::nullopt, preference::quality)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(rank, with_the_host, "3090", 32768, 64_GiB, preference::quality)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(rank, by_speed, "3090", 32768, 64_GiB, preference::speed)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(rank, by_context, "3090", 32768, 64_GiB, preference::context)
    ->Unit(benchmark::kMillisecond);

}  // namespace
