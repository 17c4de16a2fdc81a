#include "vrambudget/gguf/value.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>
#include <vector>

#include "vrambudget/gguf/writer.hpp"

using namespace vrambudget;
using gguf::value_type;

namespace {

struct written {
  std::vector<std::byte> bytes;
  gguf::header header;
  const gguf::value& operator[](std::string_view key) const { return *header.find(key); }
};

written make(const gguf::writer& w) {
  written out{w.finish(), {}};
  out.header = gguf::parse(out.bytes).value();
  return out;
}

}  // namespace

TEST_SUITE("gguf value") {
  TEST_CASE("a typed getter answers for exactly its own type") {
    const written w = make(gguf::writer()
                               .add("u8", std::uint8_t{200})
                               .add("i8", std::int8_t{-100})
                               .add("u16", std::uint16_t{60000})
                               .add("i16", std::int16_t{-30000})
                               .add("u32", std::uint32_t{4000000000u})
                               .add("i32", std::int32_t{-2000000000})
                               .add("f32", 1.5f)
                               .add("bool", true)
                               .add("str", "text")
                               .add("u64", std::numeric_limits<std::uint64_t>::max())
                               .add("i64", std::numeric_limits<std::int64_t>::min())
                               .add("f64", 2.5));
    CHECK(w["u8"].u8() == 200);
    CHECK(w["i8"].i8() == -100);
    CHECK(w["u16"].u16() == 60000);
    CHECK(w["i16"].i16() == -30000);
    CHECK(w["u32"].u32() == 4000000000u);
    CHECK(w["i32"].i32() == -2000000000);
    CHECK(w["f32"].f32() == 1.5f);
    CHECK(w["bool"].boolean() == true);
    CHECK(w["str"].string() == "text");
    CHECK(w["u64"].u64() == std::numeric_limits<std::uint64_t>::max());
    CHECK(w["i64"].i64() == std::numeric_limits<std::int64_t>::min());
    CHECK(w["f64"].f64() == 2.5);
    for (const gguf::entry& e : w.header.metadata()) {
      CAPTURE(e.key);
      CHECK(gguf::type_name(e.v.type()) == e.key);
      CHECK(e.v.size() == 1);
      const int answers = e.v.u8().has_value() + e.v.i8().has_value() + e.v.u16().has_value() +
                          e.v.i16().has_value() + e.v.u32().has_value() + e.v.i32().has_value() +
                          e.v.f32().has_value() + e.v.boolean().has_value() +
                          e.v.string().has_value() + e.v.u64().has_value() + e.v.i64().has_value() +
                          e.v.f64().has_value();
      CHECK(answers == 1);
    }
  }

  TEST_CASE("an integer is any integer type that can hold it") {
    const written w = make(gguf::writer()
                               .add("u8", std::uint8_t{255})
                               .add("i16", std::int16_t{-1})
                               .add("u64", std::numeric_limits<std::uint64_t>::max())
                               .add("bool", true)
                               .add("f32", 3.0f)
                               .add("str", "3"));
    CHECK(w["u8"].integer() == 255);
    CHECK_FALSE(w["i16"].integer().has_value());
    CHECK(w["i16"].signed_integer() == -1);
    CHECK(w["u64"].integer() == std::numeric_limits<std::uint64_t>::max());
    CHECK_FALSE(w["u64"].signed_integer().has_value());
    CHECK(w["bool"].integer() == 1);
    CHECK_FALSE(w["f32"].integer().has_value());
    CHECK(w["f32"].number() == 3.0);
    CHECK(w["i16"].number() == -1.0);
    CHECK_FALSE(w["str"].number().has_value());
    CHECK_FALSE(w["u8"].integer(1).has_value());
  }

  TEST_CASE("array elements are read in place by index") {
    const written w = make(gguf::writer()
                               .add("bytes", std::vector<std::uint8_t>{1, 0, 7})
                               .add("heads", std::vector<std::int32_t>{8, -1, 0})
                               .add("flags", std::vector<bool>{true, false})
                               .add("floats", std::vector<float>{0.5f, -2.0f})
                               .add("none", std::vector<std::uint32_t>{}));
    CHECK(w["heads"].type() == value_type::array);
    CHECK(w["heads"].element_type() == value_type::i32);
    CHECK(w["heads"].size() == 3);
    CHECK(w["heads"].integer(0) == 8);
    CHECK_FALSE(w["heads"].integer(1).has_value());
    CHECK(w["heads"].signed_integer(1) == -1);
    CHECK(w["heads"].integer(2) == 0);
    CHECK_FALSE(w["heads"].integer(3).has_value());
    CHECK_FALSE(w["heads"].i32().has_value());
    CHECK(w["bytes"].integer(2) == 7);
    CHECK(w["flags"].element_type() == value_type::boolean);
    CHECK(w["flags"].integer(1) == 0);
    CHECK_FALSE(w["flags"].boolean().has_value());
    CHECK(w["floats"].number(1) == -2.0);
    CHECK_FALSE(w["floats"].integer(0).has_value());
    CHECK(w["none"].size() == 0);
    CHECK_FALSE(w["none"].integer().has_value());
  }

  TEST_CASE("strings of an array are visited in order until told to stop") {
    const written w =
        make(gguf::writer().add("s", std::vector<std::string>{"one", "", "three"}).add("n", 1u));
    std::vector<std::string> seen;
    w["s"].for_each_string([&](std::string_view s) { seen.emplace_back(s); });
    CHECK(seen == std::vector<std::string>{"one", "", "three"});
    int visits = 0;
    w["s"].for_each_string([&](std::string_view) { return ++visits < 2; });
    CHECK(visits == 2);
    w["n"].for_each_string([&](std::string_view) { FAIL("a number has no strings"); });
    CHECK_FALSE(w["s"].string().has_value());
    CHECK_FALSE(w["s"].integer().has_value());
  }

  TEST_CASE("any nonzero byte is true") {
    auto bytes = gguf::writer().add("flag", true).finish();
    bytes.back() = std::byte{0x80};
    const auto h = gguf::parse(bytes).value();
    CHECK(h.find("flag")->boolean() == true);
    CHECK(h.find("flag")->integer() == 1);
  }

  TEST_CASE("values are equal if type and bytes are") {
    const written w = make(gguf::writer().add("a", 1u).add("b", 1u).add("c", 1).add("d", 2u));
    CHECK(w["a"] == w["b"]);
    CHECK_FALSE(w["a"] == w["c"]);
    CHECK_FALSE(w["a"] == w["d"]);
  }
}
