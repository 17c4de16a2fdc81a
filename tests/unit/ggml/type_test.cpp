#include "vrambudget/ggml/type.hpp"

#include <doctest/doctest.h>

#include <utility>

using namespace vrambudget;

TEST_SUITE("ggml_type") {
  TEST_CASE("block bytes follow from the fields of each block") {
    // scale and minimum are 2-byte halves; quants are packed; K blocks hold 256 elements
    const std::pair<ggml_type, unsigned> rebuilt[] = {
        {ggml_type::q4_0, 2 + 32 / 2},
        {ggml_type::q4_1, 2 + 2 + 32 / 2},
        {ggml_type::q5_0, 2 + 4 + 32 / 2},
        {ggml_type::q5_1, 2 + 2 + 4 + 32 / 2},
        {ggml_type::q8_0, 2 + 32},
        {ggml_type::q2_k, 2 + 2 + 256 / 16 + 256 / 4},
        {ggml_type::q3_k, 2 + 256 / 4 + 256 / 8 + 12},
        {ggml_type::q4_k, 2 + 2 + 12 + 256 / 2},
        {ggml_type::q5_k, 2 + 2 + 12 + 256 / 2 + 256 / 8},
        {ggml_type::q6_k, 2 + 256 / 16 + 3 * 256 / 4},
        {ggml_type::q8_k, 4 + 256 + 2 * 256 / 16},
        {ggml_type::iq4_nl, 2 + 32 / 2},
        {ggml_type::iq4_xs, 2 + 2 + 256 / 64 + 256 / 2},
        {ggml_type::mxfp4, 1 + 32 / 2},
        {ggml_type::nvfp4, 64 / 16 + 64 / 2},
        {ggml_type::tq1_0, 2 + 256 / 64 + (256 - 4 * 256 / 64) / 5},
        {ggml_type::tq2_0, 2 + 256 / 4},
    };
    for (const auto& want : rebuilt) {
      CAPTURE(traits(want.first).name);
      CHECK(traits(want.first).block_bytes == want.second);
    }
  }

  TEST_CASE("names are found in any letter case and give their own type back") {
    for (const type_traits& t : type_table) {
      if (t.name.empty()) continue;
      CAPTURE(t.name);
      REQUIRE(type_from_name(t.name).has_value());
      CHECK(static_cast<unsigned>(*type_from_name(t.name)) == t.id);
    }
    CHECK(type_from_name("Q4_k") == ggml_type::q4_k);
    CHECK_FALSE(type_from_name("q4").has_value());
    CHECK_FALSE(type_from_name("").has_value());
  }

  TEST_CASE("removed and unknown ids are no types") {
    for (const unsigned id : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u, 43u, 4294967295u}) {
      CAPTURE(id);
      CHECK_FALSE(type_from_id(id).has_value());
    }
    CHECK(type_from_id(30) == ggml_type::bf16);
  }

  TEST_CASE("a row is a number of blocks, not always whole") {
    CHECK(row_size(ggml_type::q4_0, 1024).count == 1024 / 32 * 18);
    CHECK(row_size(ggml_type::f16, 100).count == 200);
    CHECK(row_size(ggml_type::q6_k, 5120).count == 20 * 210);
    CHECK(row_size(ggml_type::q4_1, 80).count == 50);  // a head of two and a half blocks
  }
}
