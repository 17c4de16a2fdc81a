#include "vrambudget/backends/cuda/fusion.hpp"

#include <doctest/doctest.h>

#include <array>
#include <tuple>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/ggml/ops.hpp"

using namespace vrambudget;
using namespace vrambudget::ggml;
using namespace vrambudget::cuda::detail;

namespace {

/// The router of a mixture of `n_expert`, from the softmax on; returns its start in g.nodes().
void add_router(graph& g, std::int64_t n_expert) {
  op_builder b(g);
  tensor* logits = g.make_input("logits", ggml_type::f32, n_expert, 16);
  tensor* probs = b.soft_max(logits);
  tensor* ids = b.argsort_top_k(probs, 8);
  tensor* weights = b.get_rows(b.reshape(probs, 1, n_expert, 16), ids);
  g.expand(weights);
  g.expand(b.scale(b.reshape(weights, 8, 16)));
}

/// experts * weights summed over `k` experts, and a reader of the sum.
tensor* add_reduction(graph& g, std::int64_t k) {
  op_builder b(g);
  tensor* experts = b.mul_mat(g.make_input("w", ggml_type::f32, 32, 64),
                              g.make_input("h", ggml_type::f32, 32, k, 16));
  tensor* weighted = b.mul(experts, g.make_input("weights", ggml_type::f32, 1, k, 16));
  g.expand(weighted);
  std::vector<tensor*> parts;
  for (std::int64_t i = 0; i < k; ++i) {
    parts.push_back(b.view_2d(weighted, 64, 16, weighted->nb[2],
                              static_cast<std::uint64_t>(i) * weighted->nb[1]));
    g.expand(parts.back());
  }
  tensor* sum = parts[0];
  for (std::int64_t i = 1; i < k; ++i)
    g.expand(sum = b.add(sum, parts[static_cast<std::size_t>(i)]));
  g.expand(b.scale(sum));
  return experts;
}

std::size_t match_at(graph& g, op first, std::vector<alloc_dep>& deps) {
  for (std::size_t i = 0; i < g.nodes().size(); ++i)
    if (g.nodes()[i]->op == first) {
      const auto rest = std::span<tensor* const>(g.nodes()).subspan(i);
      return first == op::mul ? weighted_reduction::match(rest, deps)
                              : topk_router::match(rest, nullptr, deps);
    }
  return 0;
}

/// Routed and shared experts over one hidden state, the shared ones last; `n_ff`: of the shared one.
void add_experts(graph& g, ggml_type type, std::int64_t n_ff) {
  op_builder b(g);
  const auto weight = [&](std::int64_t rows, std::int64_t n) {
    tensor* w = g.make(type, 256, rows, n);
    w->home = 0;
    w->is_weight = true;
    return w;
  };
  tensor* x = b.scale(g.make_input("x", ggml_type::f32, 256, 16));
  tensor* ids = g.make_input("ids", ggml_type::i32, 4, 16);
  tensor* each = b.reshape(x, 256, 1, 16);
  tensor* up = b.mul_mat_id(weight(128, 8), each, ids);
  g.expand(up);
  tensor* routed = b.glu(b.mul_mat_id(weight(128, 8), each, ids), up);
  g.expand(b.scale(routed));
  tensor* shared_up = b.mul_mat(weight(n_ff, 1), x);
  g.expand(shared_up);
  g.expand(b.scale(b.glu(b.mul_mat(weight(n_ff, 1), x), shared_up)));
}

}  // namespace

TEST_SUITE("cuda_fusion") {
  TEST_CASE("a shared expert as wide as the others, of their quantized type, moves beside them") {
    for (const auto& [type, n_ff, moves] : {std::tuple{ggml_type::q8_0, 128, true},
                                            {ggml_type::q8_0, 64, false},
                                            {ggml_type::f16, 128, false}}) {
      CAPTURE(n_ff);
      graph g;
      add_experts(g, type, n_ff);
      const std::vector<tensor*> before = g.nodes();
      std::size_t i = 0;
      while (before[i]->op != op::mul_mat_id) ++i;
      const std::vector<tensor*> ends = group_shared_experts(g.ordered_nodes());
      CHECK(ends.size() == (moves ? 1 : 0));
      CHECK((g.nodes() == before) == !moves);
      // up, gate, product; scale between them; up, gate, product of the shared one
      const std::array<op, 6> together{op::mul_mat_id, op::mul_mat_id, op::glu,
                                       op::mul_mat,    op::mul_mat,    op::glu};
      for (std::size_t k = 0; moves && k < together.size(); ++k)
        CHECK(g.nodes()[i + k]->op == together[k]);
      if (!moves) continue;
      CHECK(ends.front() == g.nodes()[i + 5]);
      // until then both read: the input of the routed experts and their choice
      std::vector<alloc_dep> deps;
      engine_rules rules;
      rules.groups_shared_expert = true;
      const cuda::backend card(0, 860, 2, rules);
      card.optimize(g.ordered_nodes(), nullptr, deps);
      REQUIRE(deps.size() == 2);
      CHECK(deps[0].until == ends.front());
      CHECK(deps[0].what->op == op::reshape);
      CHECK(deps[1].what->type == ggml_type::i32);
    }
  }

  TEST_CASE("a router of a power of two experts is fused and one of 96 is not") {
    for (const auto& [n, length] : {std::pair{128, 5u}, {96, 0u}, {288, 5u}, {1024, 0u}}) {
      CAPTURE(n);
      graph g;
      std::vector<alloc_dep> deps;
      add_router(g, n);
      CHECK(match_at(g, op::soft_max, deps) == length);  // softmax reshape argsort view get_rows
      CHECK(deps.empty() == (length == 0));
    }
  }

  TEST_CASE("all of a fused router is kept until the node after it") {
    graph g;
    std::vector<alloc_dep> deps;
    add_router(g, 128);
    REQUIRE(match_at(g, op::soft_max, deps) == 5);
    for (const alloc_dep& d : deps) CHECK(d.until == g.nodes()[5]);
    const auto keeps = [&](op o) {
      return std::any_of(deps.begin(), deps.end(),
                         [&](const alloc_dep& d) { return d.what->op == o; });
    };
    CHECK(keeps(op::none));  // the logits, its source
    CHECK(keeps(op::argsort));
  }

  // a split can end with the router: the engine's view of it then shows the first node of the next
  TEST_CASE("a fused router at the end of a split is kept until the next split's first node") {
    graph g;
    std::vector<alloc_dep> deps;
    add_router(g, 128);
    const auto nodes = std::span<tensor* const>(g.nodes()).first(5);
    CHECK(topk_router::match(nodes, nullptr, deps) == 0);
    CHECK(deps.empty());
    tensor* next = g.nodes()[5];
    CHECK(topk_router::match(nodes, next, deps) == 5);
    REQUIRE_FALSE(deps.empty());
    for (const alloc_dep& d : deps) CHECK(d.until == next);
  }

  TEST_CASE("a weighted sum of 2 to 15 experts keeps its operands until the last addition") {
    for (const auto& [k, length] : {std::pair{1, 0u}, {2, 4u}, {8, 16u}, {15, 30u}, {16, 0u}}) {
      CAPTURE(k);
      graph g;
      std::vector<alloc_dep> deps;
      tensor* experts = add_reduction(g, k);
      CHECK(match_at(g, op::mul, deps) == length);
      if (length == 0) continue;
      REQUIRE(deps.size() == 2);
      CHECK(deps[0].what == experts);
      CHECK(deps[0].until->op == op::add);
    }
  }
}
