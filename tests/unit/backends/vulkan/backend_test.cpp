#include "vrambudget/backends/vulkan/backend.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../small_graph.hpp"

using namespace vrambudget;
using namespace vrambudget::ggml;
using testing::small_graph;

TEST_SUITE("vulkan") {
  // ggml_vk_graph_optimize by hand: the second product depends on nothing that is not computed
  TEST_CASE("a node that waits for nothing is computed before one that does") {
    small_graph s;
    tensor* first = s.named(s.b.mul_mat(s.weight(), s.x), "first");
    tensor* scaled = s.named(s.b.scale(first), "scaled");
    tensor* second = s.named(s.b.mul_mat(s.weight(), s.x), "second");
    s.g.expand(scaled);
    s.g.expand(second);
    std::vector<alloc_dep> deps;
    CHECK(s.order(vulkan::backend(0, 2, {}), deps) == "first second scaled ");
    CHECK(deps.empty());
  }

  TEST_CASE("a norm and its product are one kernel, and stay together") {
    small_graph s;
    tensor* norm = s.named(s.b.rms_norm(s.x), "norm");
    tensor* product = s.named(s.b.mul(norm, s.weight(ggml_type::f32, 1)), "product");
    tensor* other = s.named(s.b.mul_mat(s.weight(), s.x), "other");
    s.g.expand(product);
    s.g.expand(other);
    std::vector<alloc_dep> deps;
    CHECK(s.order(vulkan::backend(0, 2, {}), deps) == "norm product other ");
  }

  TEST_CASE("who reads a cache does not pass who writes it") {
    small_graph s;
    tensor* cells = s.g.make_stored(&s, "cells", 0, 0, ggml_type::f16, 64, 32);
    CHECK(s.g.make_stored(&s, "cells", 0, 0, ggml_type::f16, 64, 32) == cells);
    tensor* ids = s.g.make_input("ids", ggml_type::i64, 8);
    tensor* k = s.named(s.b.mul_mat(s.weight(), s.x), "k");
    tensor* scaled = s.named(s.b.scale(k), "scaled");
    s.g.expand(s.named(s.b.set_rows(cells, scaled, ids), "stored"));
    tensor* read = s.named(s.b.view_2d(cells, 64, 32, cells->nb[1], 0), "read");
    s.g.expand(s.named(s.b.mul_mat(read, s.x), "scores"));
    std::vector<alloc_dep> deps;
    CHECK(s.order(vulkan::backend(0, 2, {}), deps) == "k scaled stored read scores ");
  }

  TEST_CASE("what is larger than a kernel may bind is not computed there") {
    small_graph s;
    vulkan::limits l;
    tensor* product = s.b.mul_mat(s.weight(), s.x);  // 64 x 64 halves: 8,192 bytes
    CHECK(vulkan::backend(0, 2, l).supports_op(*product));
    l.range = 8191;
    CHECK_FALSE(vulkan::backend(0, 2, l).supports_op(*product));
    l.range = 0;  // shaders index with 64 bits
    CHECK(vulkan::backend(0, 2, l).supports_op(*product));
    l.buffer = 8191;
    CHECK_FALSE(vulkan::backend(0, 2, l).supports_op(*product));
  }

  TEST_CASE("flash attention reads pairs of types that CUDA has no kernel for, but no mixed bf16") {
    const auto runs = [](ggml_type k, ggml_type v) {
      graph g;
      op_builder b(g);
      const auto cache = [&](ggml_type t) {
        tensor* c = g.make(t, 64, 256, 2);
        c->home = 0;
        return c;
      };
      tensor* fa = b.flash_attn_ext(g.make_input("q", ggml_type::f32, 64, 8, 2), cache(k), cache(v),
                                    g.make_input("mask", ggml_type::f16, 256, 8), nullptr);
      return vulkan::backend(0, 2, {}).supports_op(*fa);
    };
    CHECK(runs(ggml_type::iq4_nl, ggml_type::q5_1));
    CHECK(runs(ggml_type::q8_0, ggml_type::f16));
    CHECK(runs(ggml_type::bf16, ggml_type::bf16));
    CHECK_FALSE(runs(ggml_type::bf16, ggml_type::f16));
    CHECK_FALSE(runs(ggml_type::q4_k, ggml_type::q4_k));
  }

  TEST_CASE("buffers come in pieces of a gibibyte or what the driver allows") {
    CHECK(vulkan::largest_buffer({}) == (1_GiB).count);
    CHECK(vulkan::largest_buffer({.allocation = 256 << 20}) == 256 << 20);
    CHECK(vulkan::buffers_of({.alignment = 64}).size_of(ggml_type::q4_k, 256, 3).count == 448);
  }
}
