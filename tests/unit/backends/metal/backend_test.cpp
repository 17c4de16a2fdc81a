#include "vrambudget/backends/metal/backend.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../small_graph.hpp"
#include "vrambudget/memory/mapped_weights.hpp"

using namespace vrambudget;
using namespace vrambudget::ggml;

namespace {

struct metal_graph : testing::small_graph {
  metal::backend on{0};

  std::string order(std::vector<alloc_dep>& deps) { return small_graph::order(on, deps); }
  /// K and V of 256 cells, two KV heads of 128, and a mask.
  tensor* attention(ggml_type k, ggml_type v, std::int64_t n_tokens, std::int64_t head_v = 128) {
    tensor* q = g.make(ggml_type::f32, 128, n_tokens, 8);
    return b.flash_attn_ext(q, g.make(k, 128, 256, 2), g.make(v, head_v, 256, 2),
                            g.make(ggml_type::f16, 256, n_tokens), nullptr);
  }
};

}  // namespace

TEST_SUITE("metal") {
  // ggml_metal_graph_optimize_reorder by hand: what waits for nothing begins beside the first product
  TEST_CASE("a node that can run beside the first is taken forward") {
    metal_graph s;
    tensor* first = s.named(s.b.mul_mat(s.weight(), s.x), "first");
    s.g.expand(s.named(s.b.scale(first), "scaled"));
    s.g.expand(s.named(s.b.mul_mat(s.weight(), s.x), "second"));
    std::vector<alloc_dep> deps;
    CHECK(s.order(deps) == "first second scaled ");
    CHECK(deps.empty());
  }

  TEST_CASE("nothing passes an operation that may not be passed") {
    metal_graph s;
    tensor* first = s.named(s.b.mul_mat(s.weight(), s.x), "first");
    s.g.expand(s.named(s.b.scale(first), "scaled"));
    s.g.expand(s.named(s.b.soft_max(s.x), "shares"));
    s.g.expand(s.named(s.b.mul_mat(s.weight(), s.x), "second"));
    std::vector<alloc_dep> deps;
    CHECK(s.order(deps) == "first scaled shares second ");
  }

  TEST_CASE("a norm and its product are one kernel, whose sources are kept until its end") {
    metal_graph s;
    tensor* a = s.named(s.b.mul_mat(s.weight(), s.x), "a");
    tensor* norm = s.named(s.b.rms_norm(a), "norm");
    s.g.expand(s.named(s.b.mul(norm, s.weight(ggml_type::f32, 1)), "product"));
    s.g.expand(s.named(s.b.mul_mat(s.weight(), s.x), "other"));
    std::vector<alloc_dep> deps;
    CHECK(s.order(deps) == "a other norm product ");
    REQUIRE(deps.size() == 1);
    CHECK(deps[0].what == a);
    CHECK(std::string(deps[0].until->name) == "product");
  }

  TEST_CASE("caches without addresses are one memory, with them each is its own") {
    const auto order = [](bool projected) {
      metal_graph s;
      tensor* k = s.g.make_stored(&s, "k", 0, 0, ggml_type::f16, 64, 32);
      tensor* v = s.g.make_stored(&s, "v", 0, 0, ggml_type::f16, 64, 32);
      k->owner = v->owner = &s;
      tensor* ids = s.g.make_input("ids", ggml_type::i64, 8);
      tensor* scaled = s.named(s.b.scale(s.x), "scaled");
      s.g.expand(scaled);
      s.g.expand(s.named(s.b.set_rows(k, scaled, ids), "k"));
      s.g.expand(s.named(s.b.set_rows(k, s.x, ids), "again"));
      s.g.expand(s.named(s.b.set_rows(v, s.x, ids), "v"));
      std::vector<alloc_dep> deps;
      s.on.project(projected);
      return s.order(deps);
    };
    CHECK(order(true) == "scaled k again v ");
    CHECK(order(false) == "scaled v k again ");
  }

  TEST_CASE("flash attention by head size and by equal types of K and V") {
    metal_graph s;
    const auto runs = [&](ggml_type k, ggml_type v, std::int64_t head_v = 128) {
      return s.on.supports_op(*s.attention(k, v, 1, head_v));
    };
    CHECK(runs(ggml_type::f16, ggml_type::f16));
    CHECK(runs(ggml_type::q5_1, ggml_type::q5_1));
    CHECK_FALSE(runs(ggml_type::q5_1, ggml_type::q8_0));
    CHECK_FALSE(runs(ggml_type::iq4_nl, ggml_type::iq4_nl));
    CHECK_FALSE(runs(ggml_type::f16, ggml_type::f16, 256));
    CHECK(runs(ggml_type::f16, ggml_type::f16, 64));
  }

  // ggml_metal_op_flash_attn_ext_extra_* by hand
  TEST_CASE("scratch of attention lies behind its result") {
    metal_graph s;
    const tensor& t = *s.attention(ggml_type::f16, ggml_type::f16, 512);
    const std::uint64_t tail = 64 * (2 * 256 + 2 * 256 + 2 * 512), hidden = 4 * 64;
    const std::uint64_t partial = 4 * 32 * 8 * 32 * 130, halves = 2 * (2 * 128 * 256 * 2);
    CHECK(s.on.alloc_size(t) - t.nbytes == tail + hidden + partial + halves);
  }

  TEST_CASE("scratch of experts and sorts") {
    metal_graph s;
    tensor* experts = s.g.make(ggml_type::q4_k, 256, 64, 32);
    tensor* ids = s.g.make(ggml_type::i32, 4, 100);
    const tensor& t = *s.b.mul_mat_id(experts, s.g.make(ggml_type::f32, 256, 1, 100), ids);
    CHECK(s.on.alloc_size(t) == t.nbytes + 4 * 32 + 4 * 32 * 100 + 8 + 4 * 256);
    CHECK(s.on.alloc_size(*s.b.argsort(s.x)) == 2 * 4 * 64 * 8);
    CHECK(s.on.alloc_size(*s.b.top_k(s.x, 2)) == 2 * 4 * 64 * 8);
  }

  TEST_CASE("matrices that have no kernel, and products that are worth a copy") {
    metal_graph s;
    CHECK_FALSE(s.on.supports_op(*s.b.mul_mat(s.weight(ggml_type::tq1_0), s.x)));
    CHECK_FALSE(s.on.supports_op(*s.b.mul_mat(s.weight(ggml_type::nvfp4), s.x)));
    tensor* many = s.g.make_input("many", ggml_type::f32, 64, 32);
    CHECK(s.on.wants_offload(*s.b.mul_mat(s.weight(), many)));
    CHECK_FALSE(s.on.wants_offload(*s.b.mul_mat(s.weight(), s.x)));
    CHECK_FALSE(s.on.wants_offload(*s.b.add(many, many)));
  }

  // ggml_metal_buffer_map by hand: steps of 10 - (2 + 1) pages over 20 pages
  TEST_CASE("a mapped file that is too long is charged as views that overlap") {
    const bytes page = 16_KiB;
    CHECK(views_of(0, saturating_sub(page * 20, 1_B), page * 2, {}, page) == page * 20);
    CHECK(views_of(100, page * 3, page, page * 10, page) == page * 4);
    CHECK(views_of(0, page * 20, page * 2, page * 10, page) == page * (10 + 10 + 6));
  }
}
