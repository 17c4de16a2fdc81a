#include "vrambudget/backends/cuda/flash_attn.hpp"

#include <doctest/doctest.h>

#include "vrambudget/ggml/ops.hpp"

using namespace vrambudget;
using cuda::flash_attn_kernel;

namespace {

/// An attention over a cache of `n_kv` cells: head size, query heads, KV heads, queries.
struct shape {
  std::int64_t head = 128, n_head = 32, n_head_kv = 8, n_q = 512, n_kv = 4096;
  ggml_type k = ggml_type::f16, v = ggml_type::f16;
};

ggml::tensor* attention(ggml::graph& g, const shape& s) {
  ggml::op_builder b(g);
  ggml::tensor* q = g.make(ggml_type::f32, s.head, s.n_q, s.n_head);
  ggml::tensor* k = g.make(s.k, s.head, s.n_kv, s.n_head_kv);
  ggml::tensor* v = g.make(s.v, s.head, s.n_kv, s.n_head_kv);
  return b.flash_attn_ext(q, k, v, g.make(ggml_type::f16, s.n_kv, s.n_q), nullptr);
}

std::uint64_t alloc_size(const ggml::tensor& fa, std::uint32_t cc) {
  return cuda::flash_attn_alloc_size(fa, cuda::choose_flash_attn_kernel(fa, cc));
}

}  // namespace

TEST_SUITE("cuda_flash_attn") {
  TEST_CASE("batches run on tensor cores and single tokens on the vector kernel") {
    ggml::graph g;
    CHECK(cuda::choose_flash_attn_kernel(*attention(g, {}), 860) == flash_attn_kernel::mma);
    const shape one_query{.n_q = 1};
    CHECK(cuda::choose_flash_attn_kernel(*attention(g, one_query), 890) == flash_attn_kernel::vec);
    CHECK(cuda::choose_flash_attn_kernel(*attention(g, one_query), 860) == flash_attn_kernel::mma);
    CHECK(cuda::choose_flash_attn_kernel(*attention(g, {}), 610) == flash_attn_kernel::tile);
  }

  TEST_CASE("head sizes without a kernel and types without one are refused") {
    ggml::graph g;
    CHECK(cuda::choose_flash_attn_kernel(*attention(g, {.head = 100}), 860) ==
          flash_attn_kernel::none);
    CHECK(cuda::choose_flash_attn_kernel(*attention(g, {.k = ggml_type::iq4_nl}), 860) ==
          flash_attn_kernel::none);
  }

  TEST_CASE("a quantized cache adds f16 copies of K and V behind the result") {
    ggml::graph g;
    // result 128 * 32 * 512 * 4 B = 8 MiB; K and V 128 * 4096 * 8 elements = 8 MiB each as f16
    CHECK(alloc_size(*attention(g, {}), 860) == (8_MiB).count);
    const shape q8{.k = ggml_type::q8_0, .v = ggml_type::q8_0};
    CHECK(alloc_size(*attention(g, q8), 860) == (24_MiB).count);
    const shape k_only{.k = ggml_type::q8_0};
    CHECK(alloc_size(*attention(g, k_only), 860) == (16_MiB).count);
  }

  TEST_CASE("the vector kernel reads compiled quantized pairs as they are and copies others") {
    ggml::graph g;
    const shape pair{.n_q = 1, .k = ggml_type::q4_0, .v = ggml_type::q4_0};
    CHECK(alloc_size(*attention(g, pair), 860) == 128 * 32 * 4);
    const shape mixed{.n_q = 1, .k = ggml_type::q8_0, .v = ggml_type::q4_0};
    CHECK(alloc_size(*attention(g, mixed), 860) == 128 * 32 * 4 + (16_MiB).count);
  }
}
