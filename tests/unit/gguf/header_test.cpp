#include "vrambudget/gguf/header.hpp"

#include <doctest/doctest.h>

#include "sample.hpp"

using namespace vrambudget;

TEST_SUITE("gguf header") {
  TEST_CASE("a file made by hand is read field by field") {
    const auto file = sample::by_hand();
    const auto h = gguf::parse(file);
    REQUIRE_MESSAGE(h.has_value(), h.error().message);
    CHECK(h->version() == 3);
    CHECK(h->alignment() == 64);
    CHECK(h->data_offset() == 256);
    CHECK(h->data_size() == bytes{64 + 64});
    REQUIRE(h->metadata().size() == 3);
    CHECK(h->metadata()[1].key == "names");
    CHECK(h->metadata()[1].v.size() == 2);
    REQUIRE(h->find("x") != nullptr);
    CHECK(h->find("x")->i8() == -5);
    CHECK(h->find("y") == nullptr);
    CHECK(h->find("") == nullptr);

    REQUIRE(h->tensors().size() == 2);
    const gguf::tensor_info& t = h->tensors()[0];
    CHECK(t.name == "t");
    CHECK(t.type == ggml_type::q4_0);
    CHECK(t.n_dims == 2);
    CHECK(t.ne == std::array<std::int64_t, 4>{32, 2, 1, 1});
    CHECK(t.offset == 0);
    CHECK(t.size == 36_B);  // two rows of one block of 18 bytes
    CHECK(h->tensors()[1].offset == 64);
    CHECK(h->tensors()[1].size == 12_B);
  }

  TEST_CASE("of a header cut anywhere more is asked for, never more than it has") {
    const auto file = sample::by_hand();
    const auto whole = gguf::header_extent(file);
    REQUIRE(whole.has_value());
    CHECK(*whole <= 256);  // where the data begins, padded to 64
    CHECK(*whole > 192);
    for (std::size_t n = 0; n < *whole; ++n) {
      CAPTURE(n);
      const auto needed = gguf::header_extent(std::span(file).first(n));
      REQUIRE_MESSAGE(needed.has_value(), needed.error().message);
      CHECK(*needed > n);
      CHECK(*needed <= *whole);
    }
    CHECK(gguf::header_extent(std::span(file).first(*whole)).value() == *whole);
  }

  TEST_CASE("what no further byte can mend is an error though the header is cut") {
    auto file = sample::by_hand();
    sample::patch(file, 0, std::uint32_t{0x4c4d5448});
    CHECK(gguf::header_extent(std::span(file).first(8)).error().code == errc::bad_format);
  }

  TEST_CASE("a count that the beginning cannot hold asks for the room it needs") {
    const auto header = gguf::writer().add("k", true).finish();
    std::vector<std::byte> cut(header.begin(), header.begin() + 24);
    sample::patch(cut, 8, std::uint64_t{1000});  // tensors of at least 24 bytes behind byte 16
    CHECK(gguf::header_extent(cut).value() == 16 + 24 * 1000);
  }

  TEST_CASE("of strings that are cut the rest is taken for as long as those there are") {
    const auto file = gguf::writer().add("k", std::vector<std::string>(100, "twelve bytes")).finish();
    const std::size_t begin = 24 + 9 + 4 + 12;  // key, type, and the array's type and length
    const auto size = gguf::measure_header(std::span(file).first(begin + 30 * 20 + 3));
    REQUIRE_MESSAGE(size.has_value(), size.error().message);
    CHECK(size->least == begin + 100 * 8);
    CHECK(size->likely == begin + 30 * 20 + 70 * 21);
    const auto later = gguf::measure_header(std::span(file).first(begin + 60 * 20 + 3));
    REQUIRE_MESSAGE(later.has_value(), later.error().message);
    CHECK(later->least == begin + 60 * 20 + 8);
    CHECK(later->likely == begin + 60 * 20 + 40 * 21);
  }

  TEST_CASE("version 2 has the same layout") {
    auto file = sample::by_hand();
    sample::patch(file, 4, std::uint32_t{2});
    const auto h = gguf::parse(file);
    REQUIRE(h.has_value());
    CHECK(h->version() == 2);
    CHECK(h->tensors().size() == 2);
  }

  TEST_CASE("without an alignment key data is aligned to 32 bytes") {
    const auto header = gguf::writer().add_tensor("t", ggml_type::f32, {1}).finish();
    const auto h = gguf::parse(header, {.check_data = false});
    REQUIRE(h.has_value());
    CHECK(h->alignment() == 32);
    CHECK(h->data_offset() == 64);  // 24 + 9 + 4 + 8 + 4 + 8 = 57, padded
    CHECK(h->data_size() == 32_B);
  }

  TEST_CASE("a file without tensors ends where its metadata ends") {
    const auto header = gguf::writer().add("k", true).finish();
    CHECK(header.size() == 24 + 9 + 4 + 1);
    const auto h = gguf::parse(header);
    REQUIRE(h.has_value());
    CHECK(h->data_offset() == header.size());
    CHECK(h->tensors().empty());
  }

  TEST_CASE("data must lie within the file unless the caller has only the header") {
    const auto file = sample::by_hand();
    const std::span<const std::byte> header = std::span(file).first(200);
    CHECK(gguf::parse(header, {.check_data = false}).has_value());
    CHECK(gguf::parse(header, {.file_size = bytes{332}}).has_value());
    CHECK(gguf::parse(file).has_value());

    const auto cut = gguf::parse(header, {.file_size = bytes{331}});
    REQUIRE_FALSE(cut.has_value());
    CHECK(cut.error().code == errc::truncated);
    CHECK(
        cut.error().message ==
        "tensor 1 'u': data at byte 320: found the end of the file at byte 331, expected 12 bytes");
    const auto none = gguf::parse(header);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().message ==
          "data section at byte 256: found the end of the file at byte 200, expected its start");
  }

  TEST_CASE("every prefix of a file is refused as truncated") {
    const auto file = sample::by_hand();
    for (std::size_t n = 0; n < file.size(); ++n) {
      CAPTURE(n);
      const std::vector<std::byte> prefix(file.begin(), file.begin() + n);  // its own heap block
      const auto h = gguf::parse(prefix);
      REQUIRE_FALSE(h.has_value());
      CHECK(h.error().code == errc::truncated);
      CHECK(h.error().message.find("found ") != std::string::npos);
      CHECK(h.error().message.find("expected ") != std::string::npos);
    }
  }

  TEST_CASE("a tensor without elements is accepted and has no data") {
    const auto header = gguf::writer()
                            .add_tensor("none", ggml_type::q4_0, {0, 5})
                            .add_tensor("scalar", ggml_type::f32, {})
                            .finish();
    const auto h = gguf::parse(header, {.check_data = false});
    REQUIRE(h.has_value());
    CHECK(h->tensors()[0].size == 0_B);
    CHECK(h->tensors()[1].n_dims == 0);
    CHECK(h->tensors()[1].offset == 0);
    CHECK(h->tensors()[1].size == 4_B);
  }

  TEST_CASE("a tensor name ends at its first zero byte") {
    const auto header =
        gguf::writer().add_tensor(std::string("ab\0c", 4), ggml_type::f32, {1}).finish();
    const auto h = gguf::parse(header, {.check_data = false});
    REQUIRE(h.has_value());
    CHECK(h->tensors()[0].name == "ab");
  }
}
