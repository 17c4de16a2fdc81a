#include "vrambudget/gguf/writer.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sample.hpp"

using namespace vrambudget;

TEST_SUITE("gguf writer") {
  TEST_CASE("it writes what was made by hand") {
    const auto header = gguf::writer()
                            .add("general.alignment", std::uint32_t{64})
                            .add("names", std::vector<std::string>{"a", "bcd"})
                            .add("x", std::int8_t{-5})
                            .add_tensor("t", ggml_type::q4_0, {32, 2})
                            .add_tensor("u", ggml_type::f32, {3})
                            .finish();
    auto expected = sample::by_hand();
    expected.resize(256);  // the header without its data
    CHECK(header == expected);
  }

  TEST_CASE("parsing what was written gives the same header and the same bytes") {
    const std::vector<std::int64_t> shape = {256, 3, 2, 1};
    gguf::writer w(2);
    w.add("general.architecture", "llama").add("general.alignment", std::uint32_t{128});
    w.add("empty", "").add("flag", false).add("ratio", 0.1).add("big", ~std::uint64_t{0});
    w.add("floats", std::vector<float>{1, 2}).add("flags", std::vector<bool>{true, false, true});
    w.add("strings", std::vector<const char*>{"x", "yz"}).add("none", std::vector<std::string>{});
    w.add_tensor("token_embd.weight", ggml_type::q6_k, shape);
    w.add_tensor("scalar", ggml_type::f32, {}).add_tensor("none", ggml_type::f16, {0});
    const auto bytes = w.finish();
    const auto h = gguf::parse(bytes, {.check_data = false});
    REQUIRE_MESSAGE(h.has_value(), h.error().message);
    CHECK(h->version() == 2);
    CHECK(h->alignment() == 128);
    CHECK(h->data_offset() == bytes.size());
    CHECK(h->metadata().size() == 10);
    CHECK(h->tensors()[1].offset == (6 * 210 + 127) / 128 * 128);  // six blocks of 210 bytes

    const auto again = gguf::write(*h);
    CHECK(again == bytes);
    const auto h2 = gguf::parse(again, {.check_data = false});
    REQUIRE(h2.has_value());
    CHECK(*h2 == *h);
  }

  TEST_CASE("headers differ where one field does") {
    const auto one = [](std::uint32_t v, std::int64_t ne) {
      return gguf::writer().add("k", v).add_tensor("t", ggml_type::f32, {ne}).finish();
    };
    const auto a = one(1, 1), b = one(2, 1), c = one(1, 2);
    const auto parsed = [](const auto& bytes) {
      return gguf::parse(bytes, {.check_data = false}).value();
    };
    CHECK(parsed(a) == parsed(a));
    CHECK_FALSE(parsed(a) == parsed(b));
    CHECK_FALSE(parsed(a) == parsed(c));
  }

  TEST_CASE("nonsense given to the writer is caught by the parser") {
    const auto refused = [](const gguf::writer& w) {
      const auto bytes = w.finish();
      return !gguf::parse(bytes, {.check_data = false}).has_value();
    };
    CHECK(refused(gguf::writer().add("k", 1u).add("k", 2u)));
    CHECK(refused(gguf::writer().add("general.alignment", std::uint32_t{3})));
    CHECK(refused(gguf::writer().add_tensor("t", ggml_type::q8_0, {31})));
    CHECK(refused(gguf::writer().add_tensor("t", ggml_type::f32, {-1})));
    CHECK(refused(gguf::writer().add_tensor("t", ggml_type::f32, {INT64_MAX, 2})));
  }
}
