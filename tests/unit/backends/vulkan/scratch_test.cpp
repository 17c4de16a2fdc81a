// What Vulkan's kernels ask for, by hand from ggml-vulkan.cpp of v0.5.0.
#include "vrambudget/backends/vulkan/scratch.hpp"

#include <doctest/doctest.h>

#include "vrambudget/ggml/graph.hpp"
#include "vrambudget/ggml/ops.hpp"

using namespace vrambudget;
using namespace vrambudget::ggml;
using vulkan::asked;
using vulkan::asked_by;
using vulkan::chip;

namespace {

chip chip_of(vulkan_architecture a, std::uint32_t n_core) {
  for (const vulkan::architecture_traits& t : vulkan::architectures)
    if (t.is == a) return {.traits = t, .n_core = n_core, .has_fp16 = true};
  return {};
}
const chip ampere = chip_of(vulkan_architecture::ampere, 82);
const chip rdna2 = chip_of(vulkan_architecture::rdna2, 72);
const chip rdna3 = chip_of(vulkan_architecture::rdna3, 96);
const chip xe2 = chip_of(vulkan_architecture::xe2, 20);

/// A weight of k x m times n columns.
struct product {
  graph g;
  op_builder b{g};
  tensor* t;

  product(ggml_type type, std::int64_t k, std::int64_t m, std::int64_t n)
      : t(b.mul_mat(weight(type, k, m), g.make_input("x", ggml_type::f32, k, n))) {}

 private:
  tensor* weight(ggml_type type, std::int64_t k, std::int64_t m) {
    tensor* w = g.make(type, k, m);
    w->home = 0;
    w->is_weight = true;
    return w;
  }
};

/// Attention of n tokens to a cache of 32 heads in groups of 4, of 128 values.
struct attention {
  graph g;
  op_builder b{g};
  tensor* t;

  attention(ggml_type type, std::int64_t n, std::int64_t n_cell) {
    constexpr std::int64_t head = 128, n_head = 32, n_kv = 8;
    tensor* q = b.permute(g.make_input("q", ggml_type::f32, head, n_head, n), {0, 2, 1, 3});
    const auto cached = [&](const char* name) {
      return b.permute(g.make_input(name, type, head, n_kv, n_cell), {0, 2, 1, 3});
    };
    tensor* mask = g.make_input("mask", ggml_type::f16, n_cell, n);
    t = b.flash_attn_ext(q, cached("k"), cached("v"), mask, nullptr);
  }
};

}  // namespace

TEST_SUITE("vulkan_scratch") {
  TEST_CASE("inputs of quantized products are bytes, halves in whole tiles, or as they are") {
    const product p(ggml_type::q4_k, 4096, 14336, 500);
    // 144 bytes for 128 values
    CHECK(asked_by(*p.t, rdna2).whole.y == 4096 * 500 / 128 * 144);
    // tiles of 128 columns: 512 of them
    CHECK(asked_by(*p.t, rdna3).whole.y == 2 * 4096 * 512);
    CHECK(asked_by(*p.t, ampere).whole.y == 2 * 4096 * 512);
    CHECK(asked_by(*product(ggml_type::f16, 4096, 14336, 500).t, rdna3).whole.is_empty());
    for (const chip& c : {rdna2, rdna3, ampere}) CHECK(asked_by(*p.t, c).whole.x == 0);
  }

  TEST_CASE("matrices of f32 are made halves for NVIDIA's second kind of units") {
    const product router(ggml_type::f32, 2048, 128, 512);
    CHECK(asked_by(*router.t, ampere).whole.x == 2 * 2048 * 128);
    CHECK(asked_by(*router.t, rdna3).whole.x == 0);
  }

  TEST_CASE("few tiles are summed in parts") {
    // 8 x 4 tiles of 128 on 96 cores: 3 parts, of 4096 / 3 rounded up to 1536, which cover all
    const product narrow(ggml_type::q4_k, 4096, 1024, 512);
    CHECK(asked_by(*narrow.t, rdna3).whole.split_k == 4u * 1024 * 512 * 3);
    // 16 x 8 tiles of 64 on 72 cores: none; of 192 columns 16 x 3, two thirds of the cores, in 3 parts
    CHECK(asked_by(*narrow.t, rdna2).whole.split_k == 0);
    CHECK(asked_by(*narrow.t, rdna2).most.split_k == 4u * 1024 * 192 * 3);
    // sums of less than 2048 are never in parts
    CHECK(asked_by(*product(ggml_type::q4_k, 2016, 1024, 512).t, rdna3).most.split_k == 0);
  }

  TEST_CASE("a vector kernel makes bytes where that pays") {
    const product token(ggml_type::q4_k, 4096, 4096, 1);
    CHECK(asked_by(*token.t, rdna3).whole.y == 4096 / 128 * 144);
    CHECK(asked_by(*token.t, ampere).whole.y == 0);  // of 4096 and less not on NVIDIA's
    CHECK(asked_by(*product(ggml_type::q4_k, 8192, 4096, 1).t, ampere).whole.y == 8192 / 128 * 144);
    CHECK(asked_by(*product(ggml_type::q6_k, 4096, 4096, 1).t, rdna3).whole.y == 0);
    CHECK(asked_by(*product(ggml_type::q6_k, 4096, 4096, 1).t, xe2).whole.y == 4096 / 128 * 144);
  }

  TEST_CASE("a cache in q8_0 is made halves for many tokens, no other, and not for NVIDIA's units") {
    const attention many(ggml_type::q8_0, 512, 8192);
    const std::uint64_t k = 2 * 128 * 8 * 8192;
    CHECK(asked_by(*many.t, rdna3).whole.x == 2 * k);
    CHECK(asked_by(*many.t, ampere).whole.x == 0);
    CHECK(asked_by(*attention(ggml_type::q8_0, 32, 8192).t, rdna3).whole.x == 0);
    CHECK(asked_by(*attention(ggml_type::q5_1, 512, 8192).t, rdna3).whole.x == 0);
  }

  TEST_CASE("empty blocks of a mask are marked, 16 in a word") {
    // blocks of 16 rows and 64 cells
    CHECK(asked_by(*attention(ggml_type::f16, 512, 8192).t, rdna3).whole.y == 4 * 8 * 32);
    CHECK(asked_by(*attention(ggml_type::f16, 16, 8192).t, rdna3).whole.y == 0);
  }

  TEST_CASE("attention of one token is in parts of the cache") {
    // heads of a group are rows: 8 workgroups, 2 x 96 / 8 = 24 parts of 341 cells, rounded up to 384: 22
    CHECK(asked_by(*attention(ggml_type::f16, 1, 8192).t, rdna3).whole.split_k ==
          22u * 32 * (4 * 128 + 8));
    // without a known number of cores 16 are taken: 4 parts of 2048
    CHECK(asked_by(*attention(ggml_type::f16, 1, 8192).t, chip_of(vulkan_architecture::xe1, 0))
              .whole.split_k == 4u * 32 * (4 * 128 + 8));
  }

  TEST_CASE("rows of more than 16384 scores are summed in pieces of 512") {
    graph g;
    op_builder b(g);
    tensor* long_rows = b.soft_max(g.make_input("kq", ggml_type::f32, 16896, 4, 2));
    const vulkan::prealloc p = asked_by(*long_rows, rdna3).whole;
    CHECK(p.x == 4 * 33 * 8);
    CHECK(p.y == p.x);
    CHECK(asked_by(*b.soft_max(g.make_input("kq", ggml_type::f32, 16384, 4)), rdna3)
              .whole.is_empty());
  }

  TEST_CASE("more cells may be chosen from without scratch than the first have it for") {
    graph g;
    op_builder b(g);
    // 2048 of 8192 by digits; of the first 512 all, in a tournament of one round: 512 places and values a row, twice
    const asked a = asked_by(*b.top_k(g.make_input("scores", ggml_type::f32, 8192, 512), 2048), rdna3);
    CHECK(a.whole.x == 2 * 8 * 512 * 512);
    CHECK(a.most.x == 2 * 8 * 512 * 768);
  }

  TEST_CASE("V without flash attention has gaps until its cache is full") {
    graph g;
    op_builder b(g);
    int owner = 0;
    tensor* cells = g.make_stored(&owner, "v", 0, 0, ggml_type::f16, 4096, 128);
    tensor* v = b.view_4d(cells, {4096, 128, 1, 1}, 8192, 8192 * 128, 8192 * 128, 0);
    tensor* kq = b.soft_max(g.make_input("kq", ggml_type::f32, 4096, 512, 48));
    CHECK(asked_by(*b.mul_mat(v, kq), rdna3).whole.x == 2 * 4096 * 128);
  }

  TEST_CASE("an operation without elements asks for nothing") {
    CHECK(asked_by(*product(ggml_type::f16, 4096, 0, 512).t, rdna2).most.is_empty());
    CHECK(asked_by(*product(ggml_type::q4_k, 4096, 512, 0).t, rdna2).most.is_empty());
  }

  TEST_CASE("what is asked for most often is kept, with a kilobyte for norms") {
    vulkan::prealloc kept{10, 200, 3000};
    kept.raise({20, 100, 0});
    CHECK(kept.sum() == bytes{20 + 200 + 3000 + 1024});
  }
}
