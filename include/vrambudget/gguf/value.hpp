// One GGUF metadata value, seen in place: nothing is copied out of the file's bytes.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>

namespace vrambudget::gguf {

static_assert(std::endian::native == std::endian::little, "GGUF is read in place");

/// Type of a metadata value; the enumerator's value is the id stored in the file.
enum class value_type : std::uint8_t {
  u8 = 0,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64
};

inline constexpr std::uint32_t n_value_type = 13;  ///< ids at or above are unknown

/// The type's name: "u8", "bool", "str", "arr".
/// Source: llama.cpp, ggml/src/gguf.cpp: GGUF_TYPE_NAME
[[nodiscard]] constexpr std::string_view type_name(value_type t) {
  constexpr std::array<std::string_view, n_value_type> names = {
      "u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "str", "arr", "u64", "i64", "f64"};
  return names[static_cast<std::uint8_t>(t)];
}

/// Bytes of one value of a type; 0 for strings and arrays, whose size is in the data.
[[nodiscard]] constexpr std::uint64_t fixed_size(value_type t) {
  constexpr std::array<std::uint8_t, n_value_type> sizes = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
  return sizes[static_cast<std::uint8_t>(t)];
}

namespace detail {
/// Reads a number wherever it lies; GGUF aligns nothing.
template <class T>
[[nodiscard]] inline T load(const std::byte* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}
}  // namespace detail

/// A metadata value: a view that is valid as long as the bytes it was read from.
///
/// The typed getters follow the engine's rule that a key must have exactly the expected type and
/// give nothing otherwise; `integer`, `signed_integer` and `number` accept any type that can hold
/// the answer, and elements of arrays.
class value {
 public:
  /// `payload` is the value as stored, after its type and array length, already checked: `size`
  /// elements of `element`, strings with their length in front. See read_value() in reader.hpp.
  value(value_type type, value_type element, std::uint64_t size, std::span<const std::byte> payload)
      : payload_(payload), size_(size), type_(type), element_(element) {}

  [[nodiscard]] value_type type() const { return type_; }
  [[nodiscard]] bool is_array() const { return type_ == value_type::array; }
  /// Type of an array's elements; for anything else the type itself.
  [[nodiscard]] value_type element_type() const { return element_; }
  /// Number of an array's elements; 1 for anything else.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The value as stored in the file, without type and array length.
  [[nodiscard]] std::span<const std::byte> payload() const { return payload_; }

  [[nodiscard]] std::optional<std::uint8_t> u8() const { return get<std::uint8_t>(value_type::u8); }
  [[nodiscard]] std::optional<std::int8_t> i8() const { return get<std::int8_t>(value_type::i8); }
  [[nodiscard]] std::optional<std::uint16_t> u16() const {
    return get<std::uint16_t>(value_type::u16);
  }
  [[nodiscard]] std::optional<std::int16_t> i16() const {
    return get<std::int16_t>(value_type::i16);
  }
  [[nodiscard]] std::optional<std::uint32_t> u32() const {
    return get<std::uint32_t>(value_type::u32);
  }
  [[nodiscard]] std::optional<std::int32_t> i32() const {
    return get<std::int32_t>(value_type::i32);
  }
  [[nodiscard]] std::optional<std::uint64_t> u64() const {
    return get<std::uint64_t>(value_type::u64);
  }
  [[nodiscard]] std::optional<std::int64_t> i64() const {
    return get<std::int64_t>(value_type::i64);
  }
  [[nodiscard]] std::optional<float> f32() const { return get<float>(value_type::f32); }
  [[nodiscard]] std::optional<double> f64() const { return get<double>(value_type::f64); }
  /// Stored in one byte; any nonzero byte is true.
  [[nodiscard]] std::optional<bool> boolean() const {
    if (type_ != value_type::boolean) return std::nullopt;
    return at<std::uint8_t>(0) != 0;
  }
  [[nodiscard]] std::optional<std::string_view> string() const {
    if (type_ != value_type::string) return std::nullopt;
    return string_at(payload_.data());
  }

  /// A number of any integer type, or a bool as 0 or 1; of an array, element `i`. Empty for other
  /// types, outside [0, size()) and outside the range of int64_t.
  [[nodiscard]] std::optional<std::int64_t> signed_integer(std::uint64_t i = 0) const {
    if (i >= size_) return std::nullopt;
    switch (element_) {
      case value_type::u8:
        return at<std::uint8_t>(i);
      case value_type::i8:
        return at<std::int8_t>(i);
      case value_type::u16:
        return at<std::uint16_t>(i);
      case value_type::i16:
        return at<std::int16_t>(i);
      case value_type::u32:
        return at<std::uint32_t>(i);
      case value_type::i32:
        return at<std::int32_t>(i);
      case value_type::i64:
        return at<std::int64_t>(i);
      case value_type::boolean:
        return at<std::uint8_t>(i) != 0 ? 1 : 0;
      case value_type::u64: {
        const auto v = static_cast<std::int64_t>(at<std::uint64_t>(i));
        return v < 0 ? std::nullopt : std::optional(v);
      }
      default:
        return std::nullopt;
    }
  }

  /// As signed_integer, in the range of uint64_t: empty for negative numbers.
  [[nodiscard]] std::optional<std::uint64_t> integer(std::uint64_t i = 0) const {
    if (element_ == value_type::u64 && i < size_) return at<std::uint64_t>(i);
    const auto v = signed_integer(i);
    return v && *v >= 0 ? std::optional(static_cast<std::uint64_t>(*v)) : std::nullopt;
  }

  /// As signed_integer, and f32 and f64 too; integers beyond 2^53 are rounded.
  [[nodiscard]] std::optional<double> number(std::uint64_t i = 0) const {
    if (i >= size_) return std::nullopt;
    if (element_ == value_type::f32) return static_cast<double>(at<float>(i));
    if (element_ == value_type::f64) return at<double>(i);
    if (element_ == value_type::u64) return static_cast<double>(at<std::uint64_t>(i));
    const auto v = signed_integer(i);
    return v ? std::optional(static_cast<double>(*v)) : std::nullopt;
  }

  /// Calls `f(std::string_view)` for each element of a string array in order; where `f` returns a
  /// bool, false stops. Does nothing for other types.
  template <class F>
  void for_each_string(F&& f) const {
    if (!is_array() || element_ != value_type::string) return;
    const std::byte* next = payload_.data();
    for (std::uint64_t i = 0; i < size_; ++i) {
      const std::string_view s = string_at(next);
      next += sizeof(std::uint64_t) + s.size();
      if constexpr (std::is_void_v<std::invoke_result_t<F&, std::string_view>>)
        f(s);
      else if (!f(s))
        return;
    }
  }

  /// Same type and same stored bytes.
  friend bool operator==(const value& a, const value& b) {
    return a.type_ == b.type_ && a.element_ == b.element_ && a.size_ == b.size_ &&
           std::ranges::equal(a.payload_, b.payload_);
  }

 private:
  template <class T>
  [[nodiscard]] T at(std::uint64_t i) const {
    return detail::load<T>(payload_.data() + i * sizeof(T));
  }
  template <class T>
  [[nodiscard]] std::optional<T> get(value_type wanted) const {
    return type_ == wanted ? std::optional(at<T>(0)) : std::nullopt;
  }
  [[nodiscard]] static std::string_view string_at(const std::byte* length) {
    return {reinterpret_cast<const char*>(length) + sizeof(std::uint64_t),
            static_cast<std::size_t>(detail::load<std::uint64_t>(length))};
  }

  std::span<const std::byte> payload_;
  std::uint64_t size_;
  value_type type_;
  value_type element_;
};

}  // namespace vrambudget::gguf
