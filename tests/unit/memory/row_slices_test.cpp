#include "vrambudget/memory/row_slices.hpp"

#include <doctest/doctest.h>

using namespace vrambudget;

namespace {

device card(std::uint64_t gib, std::uint32_t cc) {
  return {"card", cc, 82, 1_GiB * gib, 1_GiB * (gib - 1)};
}

}  // namespace

TEST_SUITE("row_slices") {
  TEST_CASE("rows are shared by the cards' whole memory, in pieces of 128") {
    const std::vector<device> cards{card(24, 860), card(8, 860)};
    const row_slicer s(cards, {});
    // three quarters of 1000 rows are 750, less 110
    CHECK(s.rows_on(0, 1000) == 640);
    CHECK(s.rows_on(1, 1000) == 360);
    // before Volta pieces are of 64 rows
    const std::vector<device> old{card(24, 610), card(8, 610)};
    CHECK(row_slicer(old, {}).rows_on(0, 1000) == 704);
  }

  TEST_CASE("each part of a quantized matrix has the padding of a row") {
    const std::vector<device> cards{card(24, 860), card(24, 860)};
    const row_slicer s(cards, {.tensor_split = {1, 1}});
    const model_tensor t{"blk.0.attn_q.weight", ggml_type::q8_0, {256, 1024, 1, 1}, {}};
    REQUIRE(s.divides(t, 0));
    CHECK(s.size_on(0, t) == bytes{512 * 272 + 272});
    // 100 tokens: inputs of 512 values in blocks of 36 bytes for 32, and 512 results each
    CHECK(s.scratch_on(1, t, 100) == bytes{100 * (576 + 2048)});
  }

  TEST_CASE("norms, experts and small matrices stay whole") {
    const std::vector<device> cards{card(24, 860), card(24, 860)};
    const row_slicer s(cards, {});
    const auto divided = [&](const char* name, std::array<std::int64_t, 4> ne, std::size_t home) {
      return s.divides({name, ggml_type::f16, ne, {}}, home);
    };
    CHECK(divided("output.weight", {256, 1000, 1, 1}, 1));
    CHECK_FALSE(divided("blk.0.attn_norm.weight", {256, 1, 1, 1}, 0));
    CHECK_FALSE(divided("blk.0.ffn_up_exps.weight", {256, 512, 8, 1}, 0));
    // half of 128 rows, less its remainder by 128: the first card has none of them
    CHECK_FALSE(divided("blk.0.attn_k.weight", {256, 128, 1, 1}, 0));
    CHECK(divided("blk.0.attn_k.weight", {256, 128, 1, 1}, 1));
  }
}
