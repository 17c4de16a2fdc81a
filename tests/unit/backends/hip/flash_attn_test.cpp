// Which kernel an AMD card takes, and which products hipBLAS does.
#include "vrambudget/backends/hip/flash_attn.hpp"

#include <doctest/doctest.h>

#include "vrambudget/backends/hip/mul_mat.hpp"
#include "vrambudget/ggml/ops.hpp"

using namespace vrambudget;
using cuda::flash_attn_kernel;

namespace {

constexpr hip::gfx mi50 = 0x906, mi210 = 0x90a, mi300 = 0x942, rx6800 = 0x1030, rx7900 = 0x1100,
                   strix_halo = 0x1151, rx9070 = 0x1201;

/// Attention of 8 KV heads of 128 over 4,096 cells.
ggml::tensor* attention(ggml::graph& g, std::int64_t n_q, std::int64_t n_head,
                        ggml_type kv = ggml_type::f16) {
  ggml::op_builder b(g);
  ggml::tensor* q = g.make(ggml_type::f32, 128, n_q, n_head);
  ggml::tensor* k = g.make(kv, 128, 4096, 8);
  ggml::tensor* v = g.make(kv, 128, 4096, 8);
  return b.flash_attn_ext(q, k, v, g.make(ggml_type::f16, 4096, n_q), nullptr);
}

}  // namespace

TEST_CASE("batches run on matrix instructions where there are such, else on tiles") {
  ggml::graph g;
  const ggml::tensor& batch = *attention(g, 512, 32);
  for (const hip::gfx a : {mi210, mi300, rx7900, strix_halo, rx9070})
    CHECK(hip::choose_flash_attn_kernel(batch, a) == flash_attn_kernel::mma);
  for (const hip::gfx a : {mi50, rx6800})
    CHECK(hip::choose_flash_attn_kernel(batch, a) == flash_attn_kernel::tile);
  // four heads share one of K: 4 queries make 16, more than 8 but not more than CDNA's 16
  const ggml::tensor& few = *attention(g, 4, 32);
  CHECK(hip::choose_flash_attn_kernel(few, rx7900) == flash_attn_kernel::mma);
  CHECK(hip::choose_flash_attn_kernel(few, mi210) == flash_attn_kernel::tile);
  CHECK(hip::choose_flash_attn_kernel(*attention(g, 5, 32), mi210) == flash_attn_kernel::mma);
}

TEST_CASE("single tokens run on the vector kernel without groups, and with a quantized cache") {
  ggml::graph g;
  CHECK(hip::choose_flash_attn_kernel(*attention(g, 1, 8), rx6800) == flash_attn_kernel::vec);
  CHECK(hip::choose_flash_attn_kernel(*attention(g, 1, 32), rx6800) == flash_attn_kernel::tile);
  CHECK(hip::choose_flash_attn_kernel(*attention(g, 2, 32, ggml_type::q8_0), rx6800) ==
        flash_attn_kernel::vec);
  CHECK(hip::choose_flash_attn_kernel(*attention(g, 1, 32, ggml_type::iq4_nl), rx7900) ==
        flash_attn_kernel::none);
}

TEST_CASE("hipBLAS multiplies what the matrix kernel is slower for") {
  CHECK(hip::takes_mmq(ggml_type::q4_k, 0, 512, rx7900));
  CHECK_FALSE(hip::takes_mmq(ggml_type::q6_k, 0, 512, rx7900));
  CHECK(hip::takes_mmq(ggml_type::q6_k, 0, 256, strix_halo));
  CHECK(hip::takes_mmq(ggml_type::q6_k, 64, 512, rx7900));  // many experts
  CHECK(hip::takes_mmq(ggml_type::q6_k, 0, 512, rx9070));
  CHECK(hip::takes_mmq(ggml_type::q6_k, 0, 512, mi300));
  CHECK_FALSE(hip::takes_mmq(ggml_type::q6_k, 0, 512, mi210));
  CHECK(hip::takes_mmq(ggml_type::q4_0, 0, 512, mi210));
  CHECK_FALSE(hip::takes_mmq(ggml_type::q4_k, 0, 512, 0x900));  // Vega 10
  CHECK(hip::takes_mmq(ggml_type::q4_k, 0, 512, mi50));
  CHECK_FALSE(hip::takes_mmq(ggml_type::f16, 0, 512, rx9070));
}
