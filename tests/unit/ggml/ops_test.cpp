#include "vrambudget/ggml/ops.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;
using namespace vrambudget::ggml;

namespace {
tensor* named(tensor* t, const char* name) {
  t->name = name;
  return t;
}
}  // namespace

TEST_SUITE("ops") {
  TEST_CASE("shapes follow from their sources") {
    graph g;
    op_builder b(g);
    tensor* w = g.make(ggml_type::q4_0, 256, 64);
    tensor* x = g.make(ggml_type::f32, 256, 7, 2);
    CHECK(b.mul_mat(w, x)->ne == std::array<std::int64_t, 4>{64, 7, 2, 1});
    CHECK(b.concat(x, x, 0)->ne[0] == 512);
    CHECK(b.glu(x)->ne[0] == 128);
    CHECK(b.sum_rows(x)->ne[0] == 1);
    tensor* ids = g.make(ggml_type::i32, 3, 7);
    CHECK(b.mul_mat_id(g.make(ggml_type::f16, 256, 32, 8), g.make(ggml_type::f32, 256, 1, 7), ids)
              ->ne == std::array<std::int64_t, 4>{32, 3, 7, 1});
    // kernel of 4 over 3 + 10 columns leaves 10
    CHECK(b.ssm_conv(g.make(ggml_type::f32, 13, 64, 2), g.make(ggml_type::f32, 4, 64))->ne ==
          std::array<std::int64_t, 4>{64, 10, 2, 1});
    // 100 windows of 7 over 16 channels, padded by 3 at both ends
    CHECK(b.im2col(g.make(ggml_type::f16, 7, 16, 32), g.make(ggml_type::f32, 100, 16))->ne ==
          std::array<std::int64_t, 4>{112, 100, 1, 1});
    CHECK(g.status().has_value());
  }

  TEST_CASE("recurrent operations give outputs and then states") {
    graph g;
    op_builder b(g);
    const auto f32 = [&](std::int64_t ne0, std::int64_t ne1, std::int64_t ne2 = 1,
                         std::int64_t ne3 = 1) {
      return g.make(ggml_type::f32, ne0, ne1, ne2, ne3);
    };
    // 4 heads of 64 over 10 tokens of 2 sequences: 10 rows, then 64 rows of state per sequence
    tensor *x = f32(64, 4, 10), *state = f32(64 * 64 * 4, 2);
    const std::array<std::int64_t, 4> rows{256, 10 + 2 * 64, 1, 1};
    CHECK(b.rwkv_wkv6(x, x, x, f32(64, 4), x, state)->ne == rows);
    CHECK(b.gated_linear_attn(x, x, x, x, state)->ne == rows);
    CHECK(b.rwkv_wkv7(x, x, x, x, x, x, state)->ne == rows);
    // a scan over 5 tokens of 2 sequences, with states of 16 for 8 channels
    tensor* ids = g.make(ggml_type::i32, 2);
    tensor *keys = f32(16, 1, 5, 2), *channels = f32(1, 8, 5, 2);
    CHECK(b.ssm_scan(f32(16, 1, 8, 3), channels, f32(8, 5, 2), f32(16, 8), keys, keys, ids, 1)
              ->ne[0] == 5 * 8 * 2 + 16 * 8 * 2);
    CHECK(g.status().has_value());
    (void)b.gated_linear_attn(x, x, x, x, f32(64 * 64, 2));
    CHECK_FALSE(g.status().has_value());
  }

  TEST_CASE("nothing is divided into no parts, or with a rest") {
    graph g;
    op_builder b(g);
    CHECK(b.part(4096, 32) == 128);
    CHECK(g.status().has_value());
    for (const std::int64_t n : {0, -1, 3}) {
      g.clear();
      CHECK(b.part(4096, n) == 1);  // harmless: what follows may divide by it
      CHECK_FALSE(g.status().has_value());
    }
  }

  TEST_CASE("a graph has room for so many tensors and no more, whatever is asked of it") {
    graph g;
    op_builder b(g);
    tensor* t = g.make(ggml_type::f32, 1);
    for (std::size_t i = 1; i < graph::most_tensors; ++i) t = b.sqr(t);
    CHECK(g.status().has_value());
    g.expand(t);  // half a million deep: not by recursion
    CHECK(g.nodes().size() == graph::most_tensors - 1);
    for (int i = 0; i < 1000; ++i) g.expand(b.sqr(b.sqr(t)));
    CHECK_FALSE(g.status().has_value());
    CHECK(g.nodes().size() == graph::most_tensors - 1);
    g.clear();
    CHECK(b.sqr(g.make(ggml_type::f32, 7))->ne[0] == 7);
    CHECK(g.status().has_value());
  }

  TEST_CASE("a dimension below zero breaks a rule, none at all does not") {
    graph g;
    op_builder b(g);
    tensor* x = g.make(ggml_type::f32, 16, 4);
    CHECK(b.view_1d(x, 0, 0)->nbytes == 0);  // states beside those of the batch, where there are none
    CHECK(g.status().has_value());
    CHECK(b.view_1d(x, -1, 0)->ne[0] == 1);
    CHECK_FALSE(g.status().has_value());
    g.clear();
    CHECK(g.make(ggml_type::f32, 16, -4)->ne[1] == 1);
    CHECK_FALSE(g.status().has_value());
  }

  TEST_CASE("views show their root and span what they see") {
    graph g;
    op_builder b(g);
    tensor* x = g.make(ggml_type::f32, 64, 8);
    tensor* half = b.view_2d(b.reshape(x, 32, 16), 16, 8, 2 * 32 * 4, 64);
    CHECK(half->view_src == x);
    CHECK(half->view_offs == 64);
    CHECK(half->nbytes == 4 + 15 * 4 + 7 * 256);  // one element, 15 steps of 4 and 7 of 256
    CHECK_FALSE(is_contiguous(*half));
    CHECK(is_contiguous(*b.reshape(x, 512)));
    CHECK_FALSE(is_contiguous(*b.transpose(x)));
  }

  TEST_CASE("sources enter the graph before what needs them and once") {
    graph g;
    op_builder b(g);
    tensor* x = g.make_input("x", ggml_type::f32, 4);
    tensor* y = b.scale(x);
    tensor* z = b.add(y, y);
    g.expand(z);
    g.expand(y);
    REQUIRE(g.nodes().size() == 2);
    CHECK(g.nodes()[0] == y);
    CHECK(y->uses == 2);
    CHECK(g.leafs().size() == 1);
  }

  TEST_CASE("shapes that do not fit fail and name both") {
    graph g;
    op_builder b(g);
    (void)b.mul_mat(named(g.make(ggml_type::f32, 8, 2), "w"),
                    named(g.make(ggml_type::f32, 9, 2), "x"));
    CHECK(g.status().error().message.find("w[8") != std::string::npos);
    CHECK(g.status().error().message.find("x[9") != std::string::npos);
    g.clear();
    CHECK(g.status().has_value());
    (void)b.add(g.make(ggml_type::f32, 8), g.make(ggml_type::f32, 3));
    CHECK_FALSE(g.status().has_value());
  }

  TEST_CASE("a view past the end of its source fails") {
    graph g;
    op_builder b(g);
    tensor* x = g.make(ggml_type::f32, 64, 8);
    (void)b.view_2d(x, 64, 4, x->nb[1], 4 * x->nb[1]);
    CHECK(g.status().has_value());
    (void)b.view_2d(x, 64, 4, x->nb[1], 5 * x->nb[1]);
    CHECK_FALSE(g.status().has_value());
  }

  TEST_CASE("sizes beyond 2 to the 62 fail and do not wrap") {
    graph g;
    (void)g.make(ggml_type::f32, std::int64_t{1} << 40, std::int64_t{1} << 30);
    CHECK_FALSE(g.status().has_value());
  }
}
