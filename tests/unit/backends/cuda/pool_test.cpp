#include "vrambudget/backends/cuda/pool.hpp"

#include <doctest/doctest.h>

#include <algorithm>

#include "vrambudget/backends/cuda/kept_buffers.hpp"
#include "vrambudget/ggml/convolution.hpp"
#include "vrambudget/ggml/ops.hpp"

using namespace vrambudget;
using cuda::card;

namespace {

constexpr cuda::card rtx2080ti{750, 68}, a100{800, 108}, rtx3090{860, 82}, rtx4090{890, 128},
    h100{900, 132}, rtx5090{1200, 170}, p40{610, 30};

/// A matrix of n_out x n_in times n columns.
cuda::scratch product(const cuda::card& gpu, ggml_type type, std::int64_t n_in, std::int64_t n_out,
                      std::int64_t n, bool f32 = false, const engine_rules& rules = {},
                      bool eight_bits = false) {
  ggml::graph g;
  ggml::op_builder b(g);
  ggml::tensor* matrix = g.make(type, n_in, n_out);
  matrix->eight_bits = eight_bits;
  ggml::tensor* t = b.mul_mat(matrix, g.make(ggml_type::f32, n_in, n));
  t->f32_accumulator = f32;
  return cuda::pool_scratch(*t, gpu, rules);
}

/// Experts of n_out x n_in; `n_inputs`: rows each token brings, one for all experts or one for each.
cuda::scratch experts(const cuda::card& gpu, ggml_type type, std::int64_t n_in, std::int64_t n_out,
                      std::int64_t n_inputs, std::int64_t n, const engine_rules& rules = {}) {
  ggml::graph g;
  ggml::op_builder b(g);
  ggml::tensor* ids = g.make(ggml_type::i32, 8, n);
  return cuda::pool_scratch(
      *b.mul_mat_id(g.make(type, n_in, n_out, 64), g.make(ggml_type::f32, n_in, n_inputs, n), ids),
      gpu, rules);
}

cuda::scratch attention(const cuda::card& gpu, std::int64_t head, std::int64_t n_head,
                        std::int64_t n_head_kv, std::int64_t n_q, std::int64_t n_kv) {
  ggml::graph g;
  ggml::op_builder b(g);
  return cuda::pool_scratch(*b.flash_attn_ext(g.make(ggml_type::f32, head, n_q, n_head),
                                              g.make(ggml_type::f16, head, n_kv, n_head_kv),
                                              g.make(ggml_type::f16, head, n_kv, n_head_kv),
                                              g.make(ggml_type::f16, n_kv, n_q), nullptr),
                            gpu);
}

}  // namespace

TEST_SUITE("cuda_pool") {
  TEST_CASE("requests are rounded up to 128 bytes and stacked") {
    cuda::scratch s;
    s.take(0);
    s.take(1);
    s.take(129);
    CHECK(s.size == 3 * 128);
  }

  // as recorded of Qwen2.5-7B without flash attention, 20,992 cells: scores in f16 took a buffer of 1,263,953,664
  // bytes, 603 pages
  TEST_CASE("without virtual memory each request is a buffer of its own, a twentieth larger") {
    constexpr std::uint64_t page = 2 << 20;
    CHECK(cuda::pool_buffer(0) == 0);
    CHECK(cuda::pool_buffer(1) == page);
    CHECK(cuda::pool_buffer(2ull * 20992 * 1024 * 28) == 603 * page);
    // input of 4 MiB and result of 10.75: 4.2 and 11.3 MiB, 3 and 6 pages
    const cuda::scratch s = product(rtx3090, ggml_type::f16, 4096, 11008, 512);
    CHECK(cuda::least_kept({{s.of_whole}}) == 9 * page);
  }

  // as recorded of Qwen2.5-7B: K's product takes the buffer of ffn_down's input (10,930,176 bytes) for its own input
  // (2,082,816), and then there is no room for its partial tiles (1,835,008) beside
  TEST_CASE("an operation may hold a larger buffer than it asks for") {
    constexpr std::uint64_t page = 2 << 20;
    cuda::requests key, down;
    key.add(2082816);
    key.add(1835008);
    down.add(10930176);
    const cuda::requests both[] = {key, down};
    CHECK(cuda::least_kept({{key}}) == 3 * page);
    CHECK(cuda::least_kept({{down}}) == 6 * page);
    CHECK(cuda::least_kept(both) == 7 * page);
  }

  TEST_CASE("a few columns are multiplied by vector kernels") {
    // blocks of 36 bytes for 32 values
    CHECK(product(rtx3090, ggml_type::q4_0, 4096, 4096, 8).size == 8 * 4096 / 32 * 36);
    CHECK(product(rtx3090, ggml_type::f16, 4096, 4096, 1).size == 0);
    CHECK(product(rtx3090, ggml_type::f16, 4096, 4096, 16).size == 0);
    CHECK_FALSE(product(rtx3090, ggml_type::f16, 4096, 4096, 16).cublas);
    // Q2_K goes to the matrix kernel from 5 columns on an RTX 4090, from 9 on a 3090
    CHECK(product(rtx4090, ggml_type::q2_k, 4096, 4096, 4).size == 4 * 4096 / 32 * 36);
    CHECK(product(rtx4090, ggml_type::q2_k, 4096, 4096, 5).size > 4 * 4096 / 128 * 144);
  }

  TEST_CASE("a quantized product keeps its input in blocks and the tiles blocks share") {
    // 4096 x 512 of q4_k on 82 SMs: 32 x 4 tiles of 128 x 128 in 2 waves of 82, 78 % full, so a tile of f32
    // per SM is kept; input 512 rows x 4096 / 128 blocks of 144 bytes, and a tile of 128 blocks behind them
    constexpr std::uint64_t input = 512 * 4096 / 128 * 144 + 128 * 144, tile = 128 * 128 * 4;
    CHECK(product(rtx3090, ggml_type::q4_k, 4096, 4096, 512).size == input + 82 * tile);
    // 128 SMs hold the 128 tiles of 512 columns exactly, but not the 96 of 384: 75 % full
    constexpr std::uint64_t fewer = 384 * 4096 / 128 * 144 + 128 * 144;
    CHECK(product(rtx4090, ggml_type::q4_k, 4096, 4096, 512).size == fewer + 128 * tile);
    // 100 columns take tiles of 112, the room behind the input is that of the widest that they fill: 96
    CHECK(product(rtx3090, ggml_type::q4_k, 4096, 4096, 100).size ==
          100 * 4096 / 128 * 144 + 96 * 144 + 82 * 128 * 112 * 4);
  }

  TEST_CASE("batches that fill ten waves are passed over, and change nothing") {
    // rows x 4096 / 128 blocks of 144 bytes, and a tile behind; all smaller batches are tried, one by one
    const auto input = [](std::uint64_t n) { return n * 4096 / 128 * 144 + 128 * 144; };
    const auto tried = [&](const card& gpu, std::uint64_t n) {
      const auto fixup = [&](std::uint64_t columns) {
        return cuda::detail::mmq_fixup({ggml_type::q4_k, false}, 4096, columns, 1, gpu);
      };
      if (fixup(n)) return input(n) + fixup(n);
      for (std::uint64_t fewer = (n - 1) / 128 * 128; fewer > 0; fewer -= 128)
        if (fixup(fewer)) return std::max(input(n), input(fewer) + fixup(fewer));
      return input(n);
    };
    for (const card& gpu : {rtx3090, rtx4090, rtx5090, h100})
      for (std::uint64_t n = 512; n <= std::uint64_t{1} << 20; n += n / 3 + 1) {
        CAPTURE(n);
        CAPTURE(gpu.n_sm);
        const auto rows = static_cast<std::int64_t>(n);
        CHECK(product(gpu, ggml_type::q4_k, 4096, 4096, rows).size == tried(gpu, n));
      }
    // at once, however large a batch is
    CHECK(product(rtx3090, ggml_type::q4_k, 4096, 4096, 2147483647).size > 0);
    CHECK(attention(rtx3090, 128, 32, 8, 2147483647 / 256 * 256, 4096).size > 0);
  }

  TEST_CASE("Turing's shared memory leaves narrower tiles for Q2_K") {
    // 80 columns: 4 x 80 + 4 x 128 x 100 + pad1024(144 x 80) = 63808 of 65536 bytes; 96 take 65920. 512 columns
    // are 7 tiles, of 74 columns at least: 80. 32 x 7 tiles in 4 waves of 68: 82 %
    CHECK(product(rtx2080ti, ggml_type::q2_k, 4096, 4096, 512).size ==
          512 * 4096 / 128 * 144 + 128 * 144 + 68 * 128 * 80 * 4);
  }

  TEST_CASE("native FP4 packs 256 values in a block, NVFP4 with a scale per row") {
    const auto mxfp4 = product(rtx5090, ggml_type::mxfp4, 4096, 4096, 512),
               nvfp4 = product(rtx5090, ggml_type::nvfp4, 4096, 4096, 512);
    // 128 tiles on 170 SMs: 75 % full
    CHECK(mxfp4.size == 512 * 4096 / 256 * 144 + 128 * 144 + 170 * 128 * 128 * 4);
    CHECK(nvfp4.size == mxfp4.size + 512 * 4);
  }

  TEST_CASE("cuBLAS wants its operands in the type it computes in") {
    const auto f16 = product(rtx3090, ggml_type::f16, 4096, 11008, 512);
    CHECK(f16.cublas);
    CHECK(f16.size == 2 * 512 * (4096 + 11008));  // input and result
    CHECK(product(rtx3090, ggml_type::bf16, 4096, 11008, 512).size == 2 * 512 * 4096);
    CHECK(product(rtx3090, ggml_type::f32, 4096, 64, 512).size == 0);
    CHECK(product(rtx3090, ggml_type::f32, 4096, 64, 512).cublas);
    // in f32 the whole matrix is copied, on a card without fast f16 and on demand
    CHECK(product(p40, ggml_type::f16, 4096, 11008, 512).size == 4 * 4096 * 11008);
    CHECK(product(rtx3090, ggml_type::f16, 4096, 11008, 512, true).size == 4 * 4096 * 11008);
    CHECK(product(p40, ggml_type::q4_k, 4096, 11008, 512).size == 4 * 4096 * 11008);
    CHECK(cuda::cublas_workspace(890) == 4_MiB);
    CHECK(cuda::cublas_workspace(900) == 32_MiB);
  }

  TEST_CASE("experts keep an input row for each token and expert, and who goes where") {
    // 8 experts of 64: rows 8 x 512, ids twice and 65 bounds (padded to 384 bytes)
    constexpr std::uint64_t rows = 8 * 512, ids = 2 * 4 * rows + 384;
    // 6 x 4 x 64 tiles of 128 x 128 = 1536 on 108 SMs: 15 waves of 108, 94 % full; of 256 tokens 768 tiles in
    // 8 waves, 88 %, less than 512 tokens take
    const auto up = experts(a100, ggml_type::q4_k, 4096, 768, 1, 512);
    CHECK(up.size == ids + rows * 4096 / 128 * 144);
    // rows of an expert's own leave room for a tile of 8
    const auto down = experts(a100, ggml_type::q4_k, 4096, 768, 8, 512);
    CHECK(down.size == ids + rows * 4096 / 128 * 144 + 8 * 144);
    CHECK(experts(a100, ggml_type::q4_k, 4096, 768, 1, 1).size == 4096 / 32 * 36);
  }

  TEST_CASE("experts that no kernel takes are sorted: inputs and results of all, then products") {
    // 1536 rows are too many for 512 tokens of f16: ids, f16 inputs, f32 results, then cuBLAS on one expert with
    // all tokens, whose inputs are f16 already: its f16 result
    constexpr std::uint64_t rows = 8 * 512;
    const auto s = experts(a100, ggml_type::f16, 4096, 1536, 1, 512);
    CHECK(s.cublas);
    CHECK(s.size == 2 * 4 * rows + rows * 4096 * 2 + rows * 1536 * 4 + 512 * 1536 * 2);
    CHECK(experts(a100, ggml_type::f16, 4096, 768, 1, 512).size == 2 * 4 * rows + 384);
  }

  TEST_CASE("attention on tensor cores keeps what its blocks leave unfinished") {
    // 32 heads over 8: tiles of 16 queries x 4 heads, 32 x 8 = 256 tiles; 2 blocks on each of 82 SMs: 164 do not
    // divide 256, whose waves are 78 % full: before Ada tiles are computed whole then, of fewer queries not: of
    // 240 tiles in 2 waves of 164 73 % are full
    CHECK(attention(rtx3090, 128, 32, 8, 512, 4096).size == 164 * 64 * (2 + 64) * 8);
    CHECK(attention(rtx3090, 128, 32, 8, 512, 4096).whole == 0);
    // on an RTX 4090 256 blocks compute a tile each; 248 tiles for 256 blocks are rounded to 248, 240 are not
    CHECK(attention(rtx4090, 128, 32, 8, 512, 4096).size == 256 * 64 * (2 + 64) * 8);
    // one query of 32 heads over 4: 4 tiles of 8 heads, shared by 2 blocks on each of 132 SMs
    CHECK(attention(h100, 128, 32, 4, 1, 16384).size == 264 * 8 * (2 + 64) * 8);
  }

  TEST_CASE("without tensor cores blocks share the cells of a tile") {
    // tiles of 32 queries: 16 x 32 = 512, 2 blocks on each of 30 SMs; two parts of each tile fill 18 waves of
    // 60 to 94 %, three 26 to 98 %
    CHECK(attention(p40, 128, 32, 8, 512, 4096).size == 3 * 512 * 32 * (128 * 4 + 8));
  }

  TEST_CASE("long rows are sorted in pieces of 64 MiB") {
    ggml::graph g;
    ggml::op_builder b(g);
    const auto best = [&](std::int64_t columns, std::int64_t rows) {
      return cuda::pool_scratch(*b.top_k(g.make(ggml_type::f32, columns, rows), 64), rtx3090).size;
    };
    CHECK(best(1024, 512) == 4 * 1024 * 512);
    CHECK(best(32768, 512) == 6 * (64_MiB).count + (64 << 10));
    CHECK(best(32768, 1) == 6 * 4 * 32768 + (64 << 10));
  }

  TEST_CASE("a convolution keeps the image in halves, and parts of its sums") {
    ggml::graph g;
    ggml::convolution_builder b(g);
    const auto convolved = [&](const cuda::card& gpu, std::int64_t side, ggml::window w,
                               ggml_type type = ggml_type::f16) {
      return cuda::pool_scratch(*b.conv_2d_direct(g.make(type, side, side, 64, 128),
                                                  g.make(ggml_type::f32, 96, 96, 64), w),
                                gpu);
    };
    // 144 x 2 tiles of 64 x 64 for 8 waves of 82 SMs: each sum of 576 is shared by 3
    CHECK(convolved(rtx3090, 3, {.padding = 1}).size == 2 * 98 * 98 * 64 + 4 * 3 * 96 * 96 * 128);
    // 35 x 2 tiles want 10, sums of 576 have 9 pieces of 64
    CHECK(convolved(rtx3090, 3, {.stride = 2}).size == 2 * 96 * 96 * 64 + 4 * 9 * 47 * 47 * 128);
    CHECK(convolved(rtx3090, 1, {}).size == 2 * 96 * 96 * 64);
    CHECK(convolved(rtx3090, 1, {}).cublas);
    CHECK(convolved(p40, 3, {.padding = 1}).size == 0);
    CHECK(convolved(rtx3090, 3, {.padding = 1}, ggml_type::f32).size == 0);
  }

  // 100 rows are not whole tiles of 32, so from two columns on cuBLAS multiplied them: 5 columns of 128 and a
  // result of 5 x 100 in f16
  TEST_CASE("since November 2026 the vector kernel takes 8 columns of small ragged matrices") {
    const engine_rules november{.multiplies_thin_floats = true};
    const cuda::scratch before = product(rtx4090, ggml_type::f16, 128, 100, 5);
    CHECK(before.size == 5 * 128 * 2 + 1024);
    CHECK(before.cublas);
    for (const std::int64_t columns : {2, 5, 8}) {
      const cuda::scratch now =
          product(rtx4090, ggml_type::f16, 128, 100, columns, false, november);
      CHECK(now.size == 0);
      CHECK_FALSE(now.cublas);
    }
    CHECK(product(rtx4090, ggml_type::f16, 128, 100, 9, false, november).cublas);
  }

  TEST_CASE("since November 2026 what experts multiply is padded by the tokens of the batch") {
    const engine_rules november{.pads_by_tokens = true};
    const auto size = [](std::int64_t n, const engine_rules& r) {
      return experts(rtx3090, ggml_type::q4_k, 512, 128, 1, n, r).size;
    };
    CHECK(size(64, november) - size(64, {}) == 64 * 144);  // the widest tile that 64 fill
    CHECK(size(512, november) - size(512, {}) == 128 * 144);
  }

  // on a P100 quantized matrices are multiplied by cuBLAS: both factors and the result in f16, or in f32 the
  // matrix alone
  TEST_CASE("since November 2026 cuBLAS does not multiply NVFP4 in f16") {
    constexpr card p100{600, 56};
    CHECK(product(p100, ggml_type::nvfp4, 256, 128, 64).size ==
          2 * (256 * 128 + 256 * 64 + 128 * 64));
    CHECK(product(p100, ggml_type::nvfp4, 256, 128, 64, false, {.sums_nvfp4_in_bf16 = true}).size ==
          4 * 256 * 128);
  }

  TEST_CASE("since November 2026 Blackwell multiplies by eight bits where the file wants it") {
    const engine_rules november{.keeps_eight_bits = true};
    const auto size = [](const engine_rules& r, bool eight_bits) {
      return product(rtx5090, ggml_type::mxfp4, 512, 128, 64, false, r, eight_bits).size;
    };
    CHECK(size(november, true) - size(november, false) == 64 * 512 * 144 / 256);
    CHECK(size({}, true) == size({}, false));
  }
}
