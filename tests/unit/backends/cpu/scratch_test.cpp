#include "vrambudget/backends/cpu/scratch.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;
using ggml::op;

namespace {

ggml::tensor of(ggml_type t, std::array<std::int64_t, 4> ne) {
  ggml::tensor x;
  x.type = t;
  x.ne = ne;
  return x;
}

cpu::by_threads drawn(ggml::tensor t, std::initializer_list<ggml::tensor*> sources,
                      const char* on = "haswell") {
  for (ggml::tensor* s : sources) t.src[t.n_src++] = s;
  cpu::by_threads need = {};
  cpu::raise_scratch(need, t, *find_cpu_variant(on));
  return need;
}

}  // namespace

TEST_SUITE("cpu_scratch") {
  using enum ggml_type;

  TEST_CASE("a product takes its second operand in the kernel's type, and a line for each thread") {
    ggml::tensor w = of(q4_k, {14336, 4096, 1, 1}), x = of(f32, {14336, 512, 1, 1});
    ggml::tensor t = of(f32, {4096, 512, 1, 1});
    t.op = op::mul_mat;
    // q8_K: 292 bytes for 256 values
    const std::uint64_t rows = 512 * 56 * 292;
    CHECK(drawn(t, {&w, &x}) == cpu::by_threads{rows + 256, rows + 512, rows + 2048});
    w.repacked = true;
    CHECK(drawn(t, {&w, &x})[0] == rows + 256);
    // of the engine's own runs, with two threads: 897,152 of smollm2-135m, 2,691,200 of lfm2-350m (q8_K);
    // 2,646,144 of qwen2.5-0.5b (repacked q4_0), 3,145,856 of qwen3-0.6b (bf16)
    const auto of_ffn = [&](ggml_type type, std::int64_t n_ff) {
      ggml::tensor down = of(type, {n_ff, 64, 1, 1}), y = of(f32, {n_ff, 512, 1, 1});
      return drawn(t, {&down, &y})[0] - 4 * 64 + 2 * 64;
    };
    CHECK(of_ffn(q6_k, 1536) == 897152);
    CHECK(of_ffn(q4_k, 4608) == 2691200);
    CHECK(of_ffn(q4_0, 4864) == 2646144);
    CHECK(of_ffn(bf16, 3072) == 3145856);
    w = of(f16, {14336, 4096, 1, 1});
    x = of(f16, {14336, 512, 1, 1});
    CHECK(drawn(t, {&w, &x})[0] == 0);
  }

  TEST_CASE("types on grids are decoded by each thread, with AVX2") {
    ggml::tensor w = of(iq2_xs, {4096, 4096, 1, 1}), x = of(f32, {4096, 512, 1, 1});
    ggml::tensor t = of(f32, {4096, 512, 1, 1});
    t.op = op::mul_mat;
    // 16 blocks of 8 rows: 8 scales, 8 sums, 128 scales of parts, 2048 values
    const std::uint64_t rows = 512 * 16 * 292, panel = 16 * 2240;
    CHECK(drawn(t, {&w, &x})[1] == rows + 8 * panel + 512);
    CHECK(drawn(t, {&w, &x}, "sandybridge")[1] == rows + 512);
  }

  TEST_CASE("attention takes tiles of 64 rows for each thread") {
    ggml::tensor q = of(f32, {128, 512, 32, 1}), k = of(f16, {128, 4096, 8, 1}), v = k;
    ggml::tensor t = of(f32, {128, 32, 512, 1});
    t.op = op::flash_attn_ext;
    const std::uint64_t tile = 4 * (64 * 128 * 4 + 2 * 64 * 64);
    CHECK(drawn(t, {&q, &k, &v}) ==
          cpu::by_threads{4 * (tile + 64), 8 * (tile + 64), 32 * (tile + 64)});
  }

  TEST_CASE("experts also take which rows each has") {
    ggml::tensor w = of(q4_k, {2048, 768, 128, 1}), x = of(f32, {2048, 1, 512, 1}),
                 ids = of(i32, {8, 512, 1, 1});
    ggml::tensor t = of(f32, {768, 8, 512, 1});
    t.op = op::mul_mat_id;
    const std::uint64_t rows = 512 * 8 * 292;
    const std::uint64_t mapped = 8 * 129 + (8 * 128 * 8 * 512 + 8) + 64 * 129;
    CHECK(drawn(t, {&w, &x, &ids})[0] == rows + 8 + mapped + 256);
    w.repacked = true;
    CHECK(drawn(t, {&w, &x, &ids})[0] == rows + 8 * 128 * 513 + 256);
  }
}
