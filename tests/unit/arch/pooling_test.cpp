#include "vrambudget/arch/blocks/pooling.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../header_of.hpp"
#include "vrambudget/ggml/graph.hpp"
#include "vrambudget/plan/planner.hpp"

using namespace vrambudget;

namespace {

/// The last `n` operations of a prompt's graph.
std::vector<std::string> last_operations(const model& m, enum pooling pooling, std::size_t n) {
  std::vector<std::string> all;
  planner p(m, {testing::card()});
  const auto b =
      p.budget_for({.n_ctx = 512, .n_parallel = 4, .embeddings = true, .pooling = pooling},
                   [&](graph_phase phase, const ggml::graph& g, const ggml::scheduler&) {
                     if (phase != graph_phase::prompt) return;
                     for (const ggml::tensor* t : g.nodes()) all.emplace_back(ggml::name(t->op));
                   });
  REQUIRE(b.has_value());
  return {all.end() - static_cast<std::ptrdiff_t>(n), all.end()};
}

using list = std::vector<std::string>;

}  // namespace

TEST_SUITE("pooling") {
  // llama.cpp, src/llama-graph.cpp: build_pooling, build_dense_out
  TEST_CASE("sequences are pooled after the final norm") {
    const model m = testing::small_llama({}, "eurobert").value();
    CHECK(last_operations(m, pooling::none, 2) == list{"rms_norm", "mul"});
    CHECK(last_operations(m, pooling::mean, 4) == list{"mul", "transpose", "cont", "mul_mat"});
    CHECK(last_operations(m, pooling::cls, 2) == list{"mul", "get_rows"});
    CHECK(last_operations(m, pooling::last, 2) == list{"mul", "get_rows"});
  }

  TEST_CASE("rerankers score with what heads the file has") {
    const model m = testing::small_llama(
                        [](gguf::writer& w) {
                          w.add_tensor("cls.weight", ggml_type::f16, {256, 256});
                          w.add_tensor("cls.bias", ggml_type::f32, {256});
                          w.add_tensor("cls.norm.weight", ggml_type::f32, {256});
                          w.add_tensor("cls.output.weight", ggml_type::f16, {256, 1});
                        },
                        "eurobert")
                        .value();
    CHECK(last_operations(m, pooling::rank, 7) ==
          list{"get_rows", "mul_mat", "add", "unary", "norm", "mul", "mul_mat"});
    CHECK(last_operations(m, pooling::cls, 2) == list{"mul", "get_rows"});
  }

  TEST_CASE("dense layers follow pooling") {
    const model m = testing::small_llama(
                        [](gguf::writer& w) {
                          w.add_tensor("dense_2.weight", ggml_type::f16, {256, 1024});
                          w.add_tensor("dense_3.weight", ggml_type::f16, {1024, 256});
                        },
                        "eurobert")
                        .value();
    CHECK(last_operations(m, pooling::mean, 3) == list{"mul_mat", "mul_mat", "mul_mat"});
  }
}
