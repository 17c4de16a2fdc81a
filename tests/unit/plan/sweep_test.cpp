// Sweeps against budgets of single points, which the recorded runs of tests/truth hold to the engine's.
#include "vrambudget/plan/sweep.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <stdexcept>
#include <string>

#include "../catalogued.hpp"
#include "../header_of.hpp"
#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/os/threads.hpp"
#include "vrambudget/plan/point_on_line.hpp"
#include "vrambudget/plan/verdict.hpp"

using namespace vrambudget;
using testing::catalogued;

namespace {

device gpu(const char* name) { return to_device(find_gpu(name).value()); }
projector vision_of_27b() {
  std::ifstream in(VRAMBUDGET_TRUTH "/mmproj/models/qwen3.6-27b-f16.json");
  REQUIRE(in);
  const std::string shape{std::istreambuf_iterator<char>(in), {}};
  const auto header = header_from_shape(shape).value();
  return read_projector(gguf::parse(header, {.check_data = false}).value()).value();
}

/// Cards of each generation, some of one kind but of other sizes, and sets.
std::vector<std::vector<device>> many_gpus() {
  return {{gpu("1080 ti")},
          {gpu("p4")},
          {gpu("quadro-gv100")},
          {gpu("2060")},
          {gpu("2080 ti")},
          {gpu("3060")},
          {gpu("3090")},
          {gpu("a100-sxm4-80gb")},
          {gpu("4060")},
          {gpu("4090")},
          {gpu("5090")},
          {gpu("4090"), gpu("4090")},
          {gpu("5090"), gpu("5090")},
          {gpu("3090"), gpu("3060")}};
}

sweep_axes grid(std::vector<const model*> models) {
  sweep_axes a;
  a.models = std::move(models);
  a.gpus = many_gpus();
  a.cache_types = {{ggml_type::f16, ggml_type::f16}, {ggml_type::q8_0, ggml_type::q4_0}};
  a.n_parallel = {0, 1, 3};
  a.n_ctx = {1, 300, 1000, 2048, 3000, 0};
  for (std::uint32_t n = 131072; n >= 4096; n -= 2048) a.n_ctx.push_back(n);
  return a;
}

/// The row of a point as planner::budget_for has it; how that is pipelined.
pipelining check_row(const sweep_axes& axes, const sweep_columns& c, std::size_t row) {
  const auto number = [&](const auto& column) { return static_cast<std::size_t>(column[row]); };
  const auto& set = axes.gpus[number(c.gpu)];
  run r = axes.base;
  std::tie(r.type_k, r.type_v) = axes.cache_types[number(c.cache_types)];
  r.n_parallel = static_cast<std::uint32_t>(c.n_parallel[row]);
  r.n_ctx = static_cast<std::uint32_t>(c.n_ctx[row]);
  const model& m = *axes.models[number(c.model)];
  planner p(m, set, axes.held_against, axes.draft, axes.mmproj);
  const budget b = p.budget_for(r).value();
  std::int64_t weights = 0, kv = 0, states = 0, compute = 0, context = 0, pool = 0, rounding = 0,
               used = 0, spare = b.devices.empty() ? 0 : INT64_MAX;
  for (const device_budget& d : b.devices) {
    const auto of = [&](term_kind k) { return static_cast<std::int64_t>(d.of(k).count); };
    weights += of(term_kind::weights);
    kv += of(term_kind::kv_cache);
    states += of(term_kind::recurrent_state);
    compute += of(term_kind::compute_buffer);
    context += of(term_kind::driver_context);
    pool += of(term_kind::pool) + of(term_kind::compute_growth);
    rounding += of(term_kind::page_rounding);
    used += static_cast<std::int64_t>(d.used().count);
    spare = std::min(spare, static_cast<std::int64_t>(d.spare().count) -
                                static_cast<std::int64_t>(d.missing().count));
  }
  CAPTURE(m.name);
  CAPTURE(set[0].name);
  CAPTURE(r.n_ctx);
  CAPTURE(r.n_parallel);
  CAPTURE(static_cast<int>(r.type_k));
  CAPTURE(static_cast<int>(c.interpolated[row]));
  CHECK(c.weights[row] == weights);
  CHECK(c.kv_cache[row] == kv);
  CHECK(c.recurrent_state[row] == states);
  CHECK(c.compute_buffer[row] == compute);
  CHECK(c.driver_context[row] == context);
  CHECK(c.pool[row] == pool);
  CHECK(c.other[row] == used - weights - kv - states - compute - context - pool - rounding);
  CHECK(c.page_rounding[row] == rounding);
  CHECK(c.used[row] == used);
  CHECK(c.spare[row] == spare);
  CHECK((c.fits[row] != 0) == judge(p, r, b).value().runs());
  CHECK(c.host[row] == static_cast<std::int64_t>(b.host.used().count));
  return b.pipelining;
}

void check_some(const sweep_axes& axes, std::size_t n) {
  const sweep_result r = sweep(axes, {}, on_threads());
  REQUIRE(r.columns.n_ctx.size() > n);
  std::mt19937 random(1);
  for (std::size_t i = 0; i < n; ++i) check_row(axes, r.columns, random() % r.columns.n_ctx.size());
}

}  // namespace

TEST_CASE("every value of a sweep is that of a budget") {
  // dense, sliding windows, hybrid, compressed KV, states only, experts
  std::vector<model> models;
  for (const char* name : {"qwen3-8b", "gemma-3-4b", "qwen3.6-27b-ud-q4kxl", "deepseek-v2-lite",
                           "falcon-mamba-7b", "gpt-oss-20b"})
    models.push_back(catalogued(name));
  sweep_axes axes = grid({});
  for (const model& m : models) axes.models.push_back(&m);
  check_some(axes, 250);
}

TEST_CASE("rows where the engine does without pipelining, as its buffers do not fit") {
  const model a = catalogued("qwen3-32b"), b = catalogued("qwen3.6-27b-ud-q4kxl"),
              c = catalogued("gemma-3-27b");
  sweep_axes axes = grid({&a, &b, &c});
  axes.gpus = {{gpu("3060"), gpu("3060")},
               {gpu("3090"), gpu("3060")},
               {gpu("4060"), gpu("3090")},
               {gpu("3060"), gpu("4060"), gpu("2060")}};
  axes.n_parallel = {1, 4};
  SUBCASE("all that the driver takes") {}
  SUBCASE("buffers only") { axes.held_against.buffers_only = true; }
  const sweep_columns all = sweep(axes, {}, on_threads()).columns;
  std::size_t n_given_up = 0, n_interpolated = 0;
  std::mt19937 random(1);
  for (std::size_t i = 0; i < 120; ++i) {
    const std::size_t row = random() % all.n_ctx.size();
    if (check_row(axes, all, row) != pipelining::given_up) continue;
    ++n_given_up;
    n_interpolated += all.interpolated[row];
  }
  CHECK(n_given_up > 5);
  CHECK(n_interpolated > 0);
}

TEST_CASE("under Vulkan what kernels keep is no whole pages") {
  const model a = catalogued("qwen3-8b"), b = catalogued("gpt-oss-20b");
  sweep_axes axes = grid({&a, &b});
  const surroundings around{operating_system::native_linux};
  axes.gpus = {{find_other_gpu("7900xtx", around).value().d},
               {find_other_gpu("b580", around).value().d},
               {find_other_gpu("7900xtx", around).value().d, find_other_gpu("9070 xt", around).value().d}};
  axes.n_parallel = {1, 4};
  check_some(axes, 60);
}

TEST_CASE("where sizes jump from one context to the next a sweep tells them, too") {
  const model m = catalogued("deepseek-v4-flash");
  sweep_axes axes = grid({&m});
  axes.gpus = {{gpu("4090")}, {gpu("h200"), gpu("h200")}};
  axes.n_parallel = {1};
  std::uint32_t step = 0, jump = 0;
  SUBCASE("a context of which each has caches of its own") { step = 1024, jump = 174080; }
  SUBCASE("four that have the same caches") { step = 256, jump = 58368; }
  axes.n_ctx.clear();
  for (std::uint32_t n = 1; n <= 1024; ++n) axes.n_ctx.push_back(n * step);
  const sweep_result r = sweep(axes, {}, on_threads());
  CHECK(r.n_budgets < r.columns.n_ctx.size() / 2);
  std::mt19937 random(1);
  for (std::size_t i = 0; i < 60; ++i) check_row(axes, r.columns, random() % r.columns.n_ctx.size());
  for (std::size_t i = 0; i < r.columns.n_ctx.size(); ++i)
    if (r.columns.n_ctx[i] == jump) check_row(axes, r.columns, i);
}

TEST_CASE("points between others") {
  using detail::point_on_line;
  CHECK(point_on_line(0, 10, 4)(7, 37) == 19);  // 3 x + 7
  CHECK(point_on_line(5, 10, 20)(-8, 2) == 22);  // 2 x - 18, beyond both
  CHECK(point_on_line(5, 5, 5)(3, 3) == 3);
  CHECK(!point_on_line(0, 3, 1)(0, 1));  // a third
  CHECK(!point_on_line(5, 5, 5)(1, 2));  // no line
}

TEST_CASE("a sweep with less than everything on the GPUs") {
  const model m = catalogued("qwen3-30b-a3b");
  sweep_axes axes = grid({&m});
  SUBCASE("layers and experts on the host") {
    axes.base.n_gpu_layers = 30;
    axes.base.n_cpu_moe = 10;
  }
  SUBCASE("buffers only") { axes.held_against.buffers_only = true; }
  SUBCASE("on the second of two") {
    axes.gpus = {{gpu("3090"), gpu("4090")}, {gpu("3060"), gpu("4060")}};
    axes.base.split_mode = split_mode::none;
    axes.base.main_gpu = 1;
  }
  SUBCASE("on the host") { axes.gpus = {{}}; }
  check_some(axes, 30);
}

TEST_CASE("a draft and a projector are in a sweep's rows") {
  const model m = catalogued("qwen3.6-27b-mtp-ud-q4kxl");
  sweep_axes axes = grid({&m});
  axes.n_parallel = {1};
  axes.gpus = {{gpu("3060")}, {gpu("3090")}, {gpu("4090")}, {gpu("4090"), gpu("4090")}};
  SUBCASE("the model's own NextN layers") { axes.base.spec_types = {spec_type::draft_mtp}; }
  SUBCASE("a projector") {
    const projector p = vision_of_27b();
    axes.mmproj = &p;
    check_some(axes, 20);
    return;
  }
  SUBCASE("a small model") {
    const model big = catalogued("qwen3-32b"), small = catalogued("qwen3-0.6b");
    axes.models = {&big};
    axes.draft = &small;
    check_some(axes, 30);
    return;
  }
  check_some(axes, 30);
}

TEST_CASE("rows are the same whoever does the work") {
  const model m = catalogued("qwen3-0.6b");
  sweep_axes axes = grid({&m});
  axes.gpus = {{gpu("3060")}, {gpu("3090")}, {gpu("4090")}};
  sweep_columns one = sweep(axes).columns, three = sweep(axes, {}, on_threads(3)).columns;
  std::vector<std::vector<std::int64_t>> all;
  for (sweep_columns* c : {&one, &three})
    sweep_columns::for_each(
        *c, [&](const char*, const auto& v) { all.emplace_back(v.begin(), v.end()); });
  REQUIRE(all.size() == 2 * 20);
  for (std::size_t i = 0; i < 20; ++i) CHECK(all[i] == all[20 + i]);
}

TEST_CASE("cards of the same kernels share their budgets") {
  const model m = catalogued("qwen3-8b");
  sweep_axes axes = grid({&m});
  axes.gpus = {{gpu("3090")}};
  const std::uint64_t one = sweep(axes).n_budgets;
  axes.gpus = {{gpu("3090")}, {gpu("3090 ti")}, {gpu("3090")}};
  CHECK(sweep(axes).n_budgets < 2 * one);
}

TEST_CASE("buffers are the same on all cards from a class's first on") {
  for (const char* name : {"qwen3-8b", "gemma-2-9b", "deepseek-v2-lite", "phi-3.5-moe"}) {
    const model m = catalogued(name);
    for (const std::uint32_t cc : {520u, 610u, 720u, 860u, 870u, 900u, 1210u})
      for (const ggml_type t :
           {ggml_type::f16, ggml_type::bf16, ggml_type::q5_1, ggml_type::q8_0}) {
        // a micro-batch of two tokens is where kernels differ most
        const run r{.n_ctx = 32768,
                    .n_ubatch = t == ggml_type::q8_0 ? 2u : 512u,
                    .n_parallel = t == ggml_type::q8_0 ? 1u : 2u,
                    .type_k = t,
                    .type_v = t};
        device d = testing::card(80_GiB);
        d.cc = cc;
        const auto b = plan(m, r, {d});
        d.cc = cuda::same_buffers_from(cc);
        const auto first = plan(m, r, {d});
        CAPTURE(name);
        CAPTURE(cc);
        REQUIRE(b.has_value() == first.has_value());
        if (!b) continue;
        CHECK(b->devices[0].of(term_kind::compute_buffer) ==
              first->devices[0].of(term_kind::compute_buffer));
        CHECK(b->devices[0].of(term_kind::kv_cache) == first->devices[0].of(term_kind::kv_cache));
        CHECK(b->host.used() == first->host.used());
      }
  }
}

TEST_CASE("progress ends with all points, and what it says or throws ends a sweep") {
  const model m = catalogued("qwen3-0.6b");
  sweep_axes axes = grid({&m});
  axes.gpus = {{gpu("3060")}, {gpu("4090")}};
  for (const sweep_runner& runner : {in_turn(), on_threads(2)}) {
    std::uint64_t last = 0;
    const auto r = sweep(
        axes,
        [&](std::uint64_t done, std::uint64_t all) {
          CHECK(done >= last);
          CHECK(all == axes.size());
          last = done;
          return true;
        },
        runner);
    CHECK(last == axes.size());
    CHECK(r.columns.n_ctx.size() == axes.size());
    const auto stopped = sweep(
        axes, [](auto, auto) { return false; }, runner);
    CHECK(stopped.stopped);
    CHECK(stopped.columns.n_ctx.empty());
    CHECK_THROWS_AS(
        (void)sweep(
            axes, [](auto, auto) -> bool { throw std::runtime_error("enough"); }, runner),
        std::runtime_error);
  }
}

TEST_CASE("what the engine refuses has no row") {
  const model m = catalogued("qwen3-0.6b");
  sweep_axes axes = grid({&m});
  axes.gpus = {{gpu("3090")}, {gpu("4090")}};
  axes.base.flash_attn = flash_attn::off;  // which a quantized V needs
  axes.n_parallel = {1};
  const sweep_result r = sweep(axes);
  CHECK(r.columns.n_ctx.size() == 2 * axes.n_ctx.size());
  REQUIRE(r.refused.size() == 2);
  CHECK(r.refused[1].gpu == 1);
  CHECK(r.refused[1].cache_types == 1);
  CHECK(r.refused[1].n_ctx_first == axes.n_ctx.front());
  CHECK(r.refused[1].n_ctx_last == axes.n_ctx.back());
  CHECK(r.refused[1].why.find("flash attention") != std::string::npos);
}
