#include "vrambudget/backends/cpu/weight.hpp"

#include <doctest/doctest.h>

#include "../../header_of.hpp"

using namespace vrambudget;
using cpu::layout;

namespace {

const model& llama() {
  static const model m = testing::small_llama().value();
  return m;
}

model_tensor matrix(const char* name, ggml_type t, std::array<std::int64_t, 4> ne) {
  model_tensor w{name, t, ne, {}, false};
  w.size = row_size(t, static_cast<std::uint64_t>(ne[0])) *
           static_cast<std::uint64_t>(ne[1] * ne[2] * ne[3]);
  return w;
}

layout on(const char* cpu, ggml_type t, std::array<std::int64_t, 4> ne = {4096, 4096, 1, 1},
          const char* name = "blk.0.attn_q.weight") {
  return cpu::layout_of(llama(), matrix(name, t, ne), false, *find_cpu_variant(cpu));
}

}  // namespace

TEST_SUITE("cpu_weight") {
  using enum ggml_type;

  TEST_CASE("which types are repacked is told by the instructions") {
    // GGML_SCHED_DEBUG and the buffers of 900 recorded runs, tests/truth/backends/cpu.jsonl
    for (const char* none : {"x64", "sse42", "sandybridge", "ivybridge", "piledriver"})
      for (const ggml_type t : {q4_0, q4_k, q2_k, q8_0, mxfp4, iq4_nl})
        CHECK(on(none, t) == layout::plain);
    for (const char* avx2 : {"haswell", "alderlake"}) {
      for (const ggml_type t : {q4_0, q4_k, mxfp4, iq4_nl}) CHECK(on(avx2, t) == layout::repacked);
      for (const ggml_type t : {q2_k, q3_k, q5_k, q6_k, q8_0, q4_1, iq4_xs, f16, q1_0})
        CHECK(on(avx2, t) == layout::plain);
    }
    for (const char* avx512 : {"skylakex", "cannonlake", "cascadelake", "icelake", "cooperlake",
                               "zen4"}) {
      CHECK(on(avx512, q2_k) == layout::repacked);
      CHECK(on(avx512, q6_k) == layout::plain);
    }
    for (const char* arm : {"apple_m1", "armv8.2_1", "armv9.2_2"}) {
      for (const ggml_type t : {q4_0, iq4_nl, mxfp4, q8_0, q1_0, q4_k, q5_k, q6_k})
        CHECK(on(arm, t) == layout::repacked);
      CHECK(on(arm, q2_k) == layout::plain);
    }
    CHECK(on("armv8.0_1", q4_0) == layout::plain);
  }

  TEST_CASE("rows must be whole groups") {
    CHECK(on("haswell", q4_0, {4096, 1004, 1, 1}) == layout::plain);
    CHECK(on("apple_m1", q4_0, {4096, 1004, 1, 1}) == layout::repacked);
    CHECK(on("apple_m1", q4_k, {4096, 1004, 1, 1}) == layout::plain);
    CHECK(on("haswell", q4_k, {4096, 1000, 1, 1}) == layout::repacked);
    CHECK(on("haswell", q4_k, {4096, 1, 1, 1}) == layout::plain);
  }

  TEST_CASE("only matrices that are multiplied by, experts in three dimensions") {
    const std::array<std::int64_t, 4> experts = {2048, 768, 128, 1};
    CHECK(on("zen4", q4_k, experts, "blk.1.ffn_up_exps.weight") == layout::repacked);
    CHECK(on("zen4", q4_k, experts, "blk.1.attn_k_b.weight") == layout::plain);
    CHECK(on("zen4", q4_k, {2048, 768, 1, 1}, "blk.1.ffn_up_exps.weight") == layout::plain);
    CHECK(on("zen4", q4_k, {2048, 768, 1, 1}, "blk.1.ffn_up_shexp.weight") == layout::repacked);
    CHECK(on("zen4", q4_k, {256, 512, 1, 1}, "blk.1.nextn.embed_tokens.weight") == layout::plain);
    CHECK(on("zen4", q4_k, {256, 512, 1, 1}, "blk.1.attn_norm.weight") == layout::plain);
    CHECK(on("zen4", q4_k, {256, 512, 1, 1}, "blk.1.ffn_up.bias") == layout::plain);
    const model_tensor embeddings = matrix("token_embd.weight", q4_k, {4096, 32000, 1, 1});
    const cpu_variant zen4 = *find_cpu_variant("zen4");
    CHECK(cpu::layout_of(llama(), embeddings, true, zen4) == layout::plain);
    CHECK(cpu::layout_of(llama(), embeddings, false, zen4) == layout::repacked);
  }

  TEST_CASE("matrix units come first and take more room") {
    CHECK(on("sapphirerapids", q4_k) == layout::tiles);
    CHECK(on("sapphirerapids", iq4_xs) == layout::tiles);
    CHECK(on("sapphirerapids", f16) == layout::tiles);
    CHECK(on("sapphirerapids", q5_0) == layout::plain);
    CHECK(on("sapphirerapids", q4_k, {4096, 1008, 1, 1}) == layout::repacked);  // no pairs of tiles
    CHECK(on("sapphirerapids", q4_k, {2048, 768, 128, 1}, "blk.1.ffn_up_exps.weight") ==
          layout::repacked);
    // 16 blocks a row of 144 and 4 bytes; of q8_0 128 of 34 and 4; of iq4_xs 16 of 136 and 2
    const auto size = [](ggml_type t) {
      return cpu::size_of(matrix("x", t, {4096, 64, 1, 1}), layout::tiles).count;
    };
    CHECK(size(q4_k) == 64 * 16 * 148);
    CHECK(size(q8_0) == 64 * 128 * 38);
    CHECK(size(iq4_xs) == 64 * 16 * 138);
    CHECK(size(q6_k) == 64 * 16 * 210);
    CHECK(size(f16) == 64 * 4096 * 2);
  }
}
