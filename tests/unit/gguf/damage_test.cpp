// Each field of a good file damaged in turn: the message must say where, what was found and what
// was expected. Offsets are those listed at sample::by_hand().
#include <doctest/doctest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "sample.hpp"
#include "vrambudget/gguf/header.hpp"

using namespace vrambudget;
using sample::file_bytes;

namespace {

struct damage {
  const char* field;
  std::function<void(file_bytes&)> apply;
  errc code;
  std::vector<std::string> message;  // substrings
};

template <class T>
std::function<void(file_bytes&)> put(std::size_t at, T v) {
  return [=](file_bytes& f) { sample::patch(f, at, v); };
}
// Replaces the bytes between two offsets.
std::function<void(file_bytes&)> splice(std::size_t from, std::size_t to, const file_bytes& with) {
  return [=](file_bytes& f) {
    f.erase(f.begin() + from, f.begin() + to);
    f.insert(f.begin() + from, with.begin(), with.end());
  };
}
file_bytes string_bytes(const std::string& s) {
  file_bytes out;
  sample::append_string(out, s);
  return out;
}

constexpr auto i64_max = std::numeric_limits<std::int64_t>::max();

const std::vector<damage> preamble_damages = {
    {"magic",
     put(0, std::uint32_t{0x6c6d6767}),
     errc::bad_format,
     {"magic at byte 0", "found 'ggml'", "expected 'GGUF'"}},
    {"magic unprintable", put(0, std::uint8_t{27}), errc::bad_format, {"found '\\x1bGUF'"}},
    {"version 0", put(4, 0u), errc::bad_format, {"version at byte 4: found 0, expected 2 or 3"}},
    {"version 1",
     put(4, 1u),
     errc::unsupported,
     {"version at byte 4", "found 1 (GGUFv1", "2 or 3"}},
    {"version 4", put(4, 4u), errc::unsupported, {"version at byte 4: found 4, expected 2 or 3"}},
    {"version 3 byte-swapped",
     put(4, 0x03000000u),
     errc::unsupported,
     {"version at byte 4", "found 50331648 (3 with its bytes swapped", "big-endian",
      "expected a little-endian file"}},
    {"tensor count negative",
     put(8, std::int64_t{-1}),
     errc::bad_format,
     {"tensor count at byte 8: found -1, expected 0 or more"}},
    {"tensor count huge",
     put(8, i64_max),
     errc::limit,
     {"tensor count at byte 8: found 9223372036854775807, expected at most 262144"}},
    {"tensor count just too large",
     put(8, std::int64_t{14}),
     errc::truncated,
     {"found 14, expected at most 13"}},
    {"key count negative",
     put(16, std::int64_t{-2}),
     errc::bad_format,
     {"key count at byte 16: found -2, expected 0 or more"}},
    {"key count huge",
     put(16, i64_max),
     errc::limit,
     {"key count at byte 16: found 9223372036854775807, expected at most 65536"}},
};

const std::vector<damage> metadata_damages = {
    {"key length over the limit",
     put(24, std::uint64_t{(1u << 30) + 1}),
     errc::limit,
     {"key 0: name length at byte 24: found 1073741825, expected at most 1073741824"}},
    {"key length beyond the data",
     put(24, std::uint64_t{1u << 30}),
     errc::truncated,
     {"key 0: name at byte 32: found 300 bytes before the end", "expected 1073741824 bytes"}},
    {"key length all ones",
     put(24, ~std::uint64_t{0}),
     errc::limit,
     {"key 0: name length at byte 24: found 18446744073709551615"}},
    {"key empty",
     splice(106, 115, string_bytes("")),
     errc::bad_format,
     {"key 2: name at byte 106: found an empty name, expected at least 1 byte"}},
    {"key twice",
     splice(106, 115, string_bytes("names")),
     errc::bad_format,
     {"key 2 'names': name at byte 106: found the name of key 1, expected a name of its own"}},
    {"value type unknown",
     put(115, 13u),
     errc::bad_format,
     {"key 2 'x': type at byte 115: found 13, expected a type id from 0 to 12"}},
    {"value type negative", put(115, -1), errc::bad_format, {"byte 115: found 4294967295"}},
    {"array type unknown",
     put(74, 255u),
     errc::bad_format,
     {"key 1 'names': array type at byte 74: found 255"}},
    {"array of arrays",
     put(74, 9u),
     errc::unsupported,
     {"key 1 'names': array type at byte 74: found 9 (arr), expected a plain type"}},
    {"array length over the limit",
     put(78, std::uint64_t{(1u << 30) + 1}),
     errc::limit,
     {"key 1 'names': array length at byte 78: found 1073741825, expected at most 1073741824"}},
    {"array length beyond the data",
     put(78, std::uint64_t{1u << 30}),
     errc::truncated,
     {"key 1 'names': array at byte 86: found 246 bytes before the end", "8589934592 bytes"}},
    {"array element beyond the data",
     put(95, std::uint64_t{230}),
     errc::truncated,
     {"key 1 'names': array element at byte 103: found 229 bytes before the end",
      "expected 230 bytes"}},
    {"array element over the limit",
     put(86, std::uint64_t{1} << 31),
     errc::limit,
     {"key 1 'names': array element length at byte 86: found 2147483648"}},
    {"alignment 0",
     put(53, 0u),
     errc::bad_format,
     {"key 'general.alignment': value at byte 53: found 0, expected a power of two"}},
    {"alignment 48",
     put(53, 48u),
     errc::bad_format,
     {"byte 53: found 48, expected a power of two"}},
    {"alignment of 32 MiB",
     put(53, 1u << 25),
     errc::limit,
     {"key 'general.alignment': value at byte 53: found 33554432, expected at most 16777216"}},
    {"alignment of another type",
     put(49, 5u),
     errc::bad_format,
     {"key 'general.alignment': value at byte 53: found type i32, expected type u32"}},
    {"alignment other than the offsets",
     put(53, 128u),
     errc::bad_format,
     {"tensor 1 'u': offset at byte 186: found 64, expected 128"}},
};

const std::vector<damage> tensor_damages = {
    {"tensor name length",
     put(120, std::uint64_t{1} << 40),
     errc::limit,
     {"tensor 0: name length at byte 120: found 1099511627776"}},
    {"tensor name of 64 bytes",
     splice(120, 129, string_bytes(std::string(64, 'n'))),
     errc::limit,
     {"tensor 0 'nnnn", "name length at byte 120: found 64, expected at most 63"}},
    {"tensor twice",
     splice(161, 170, string_bytes("t")),
     errc::bad_format,
     {"tensor 1 't': name at byte 161: found the name of tensor 0, expected a name of its own"}},
    {"n_dims",
     put(129, 5u),
     errc::limit,
     {"tensor 0 't': n_dims at byte 129: found 5, expected at most 4"}},
    {"dimension negative",
     put(141, std::int64_t{-7}),
     errc::bad_format,
     {"tensor 0 't': dimension 1 at byte 141: found -7, expected 0 or more"}},
    {"elements",
     put(141, std::int64_t{1} << 58),
     errc::overflow,
     {"tensor 0 't': shape at byte 129: found [32, 288230376151711744], expected fewer"}},
    {"bytes",
     put(174, i64_max - 1),
     errc::overflow,
     {"tensor 1 'u': type at byte 182: found f32 [9223372036854775806]", "2^64 bytes"}},
    {"bytes of all tensors",
     put(174, i64_max / 2),
     errc::overflow,
     {"tensor 1 'u': the data section ends beyond 2^64 bytes"}},
    {"tensor type unknown",
     put(149, 43u),
     errc::unsupported,
     {"tensor 0 't': type at byte 149: found 43, expected a tensor type id below 43"}},
    {"tensor type removed",
     put(149, 4u),
     errc::unsupported,
     {"tensor 0 't': type at byte 149: found 4 (removed from ggml)"}},
    {"tensor type negative", put(149, -1), errc::unsupported, {"byte 149: found 4294967295"}},
    {"row of broken blocks",
     put(133, std::int64_t{33}),
     errc::bad_format,
     {"tensor 0 't': type at byte 149: found q4_0 with rows of 33, expected rows of whole blocks "
      "of 32 elements"}},
    {"first offset",
     put(153, std::uint64_t{64}),
     errc::bad_format,
     {"tensor 0 't': offset at byte 153: found 64, expected 0"}},
    {"gap before a tensor",
     put(186, std::uint64_t{128}),
     errc::bad_format,
     {"tensor 1 'u': offset at byte 186: found 128, expected 64, where the data before it ends"}},
    {"data beyond the file",
     put(174, std::int64_t{4}),
     errc::truncated,
     {"tensor 1 'u': data at byte 320: found the end of the file at byte 332, expected 16 bytes"}},
};

void check_all(const std::vector<damage>& damages) {
  for (const damage& d : damages) {
    CAPTURE(d.field);
    file_bytes file = sample::by_hand();
    d.apply(file);
    const auto h = gguf::parse(file);
    REQUIRE_FALSE(h.has_value());
    CAPTURE(h.error().message);
    CHECK(h.error().code == d.code);
    for (const std::string& part : d.message) {
      CAPTURE(part);
      CHECK(h.error().message.find(part) != std::string::npos);
    }
  }
}

}  // namespace

TEST_SUITE("gguf damage") {
  TEST_CASE("the undamaged file is good") { CHECK(gguf::parse(sample::by_hand()).has_value()); }
  TEST_CASE("damage before the metadata is named") { check_all(preamble_damages); }
  TEST_CASE("damage to the metadata is named") { check_all(metadata_damages); }
  TEST_CASE("damage to the tensor entries is named") { check_all(tensor_damages); }

  TEST_CASE("any single byte changed is read or refused with a message") {
    const file_bytes good = sample::by_hand();
    for (std::size_t at = 0; at < 256; ++at)
      for (const int v : {0, 1, 2, 9, 127, 128, 255}) {
        file_bytes file = good;
        file[at] = static_cast<std::byte>(v);
        const auto h = gguf::parse(file);
        if (!h) CHECK_FALSE(h.error().message.empty());
      }
  }
}
