// A cursor over GGUF bytes that never reads past their end and says where and why it stopped.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/string_walk.hpp"
#include "vrambudget/gguf/value.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::gguf {

/// The engine's limits. Source: llama.cpp, ggml/src/gguf.cpp
inline constexpr std::uint64_t max_string_length = std::uint64_t{1} << 30;
inline constexpr std::uint64_t max_array_length = std::uint64_t{1} << 30;

/// A name from a file, fit to be printed: quoted, unprintable bytes as \xNN, long ones cut.
[[nodiscard]] inline std::string quoted(std::string_view name) {
  constexpr std::size_t shown = 96;
  constexpr std::string_view hex = "0123456789abcdef";
  std::string text = "'";
  for (const char c : name.substr(0, shown)) {
    if (c >= 0x20 && c < 0x7f) {
      text += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      text += {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
    }
  }
  return text += name.size() > shown ? "...'" : "'";
}

/// "1 byte", "2 bytes".
[[nodiscard]] inline std::string size_text(std::uint64_t n) {
  return std::to_string(n) + (n == 1 ? " byte" : " bytes");
}

/// "offset at byte 96: found 64, expected 32": the form of every complaint about a field.
[[nodiscard]] inline error field_error(errc code, std::string_view field, std::uint64_t offset,
                                       const std::string& found, const std::string& expected) {
  return {code, std::string(field) + " at byte " + std::to_string(offset) + ": found " + found +
                    ", expected " + expected};
}

/// The cursor. After a failed read it is good for nothing but offset().
class reader {
 public:
  explicit reader(std::span<const std::byte> data) : data_(data) {}

  /// Bytes from the start of the data.
  [[nodiscard]] std::uint64_t offset() const { return at_; }
  [[nodiscard]] std::uint64_t remaining() const { return data_.size() - at_; }
  /// After a read that failed as truncated: how many bytes the data must have at least for it; else 0.
  [[nodiscard]] std::uint64_t needed() const { return needed_; }

  /// As needed(), but with strings that are cut taken for as long as those before them: how many it likely takes.
  [[nodiscard]] std::uint64_t likely_needed() const { return std::max(needed_, likely_); }

  /// The next number. Errors: truncated  the data ends within it
  template <class T>
  [[nodiscard]] result<T> number(std::string_view field) {
    if (remaining() < sizeof(T)) return truncated(field, sizeof(T));
    const T v = detail::load<T>(data_.data() + at_);
    at_ += sizeof(T);
    return v;
  }

  /// The next string: a 64-bit length, then that many bytes.
  /// Errors: truncated  the data ends within it;  limit  longer than max_string_length
  [[nodiscard]] result<std::string_view> string(std::string_view field) {
    const std::uint64_t start = at_;
    if (const auto skipped = skip_strings(field, 1); !skipped) return skipped.error();
    const std::uint64_t text = start + sizeof(std::uint64_t);
    return std::string_view(reinterpret_cast<const char*>(data_.data()) + text, at_ - text);
  }

  /// The next `n` bytes. Errors: truncated  the data ends within them
  [[nodiscard]] result<std::span<const std::byte>> take(std::string_view field, std::uint64_t n) {
    if (remaining() < n) return truncated(field, n);
    at_ += n;
    return data_.subspan(at_ - n, n);
  }

  /// Steps over `n` strings, touching only their lengths.
  [[nodiscard]] result<void> skip_strings(std::string_view field, std::uint64_t n) {
    constexpr std::uint64_t prefix = sizeof(std::uint64_t);
    const std::uint64_t start = at_;
    const string_walk walk = walk_strings(data_, {at_, n}, max_string_length);
    at_ = walk.offset;
    if (walk.n_left == 0) return {};
    if (walk.n_left < n)
      likely_ = (bytes{at_} + bytes{(at_ - start) / (n - walk.n_left) + 1} * walk.n_left).count;
    const std::string length_field = std::string(field) + " length";
    if (remaining() < prefix) return truncated(length_field, prefix);
    const auto length = detail::load<std::uint64_t>(data_.data() + at_);
    if (length > max_string_length)
      return field_error(errc::limit, length_field, at_, std::to_string(length),
                         "at most " + std::to_string(max_string_length));
    at_ += prefix;
    return truncated(field, length);
  }

  /// The error for a field that needs `size` bytes where fewer are left.
  [[nodiscard]] error truncated(std::string_view field, std::uint64_t size) {
    need(size);
    return field_error(errc::truncated, field, at_,
                       size_text(remaining()) + " before the end of the data", size_text(size));
  }

  /// Notes that `size` bytes from here on are needed.
  void need(std::uint64_t size) { needed_ = (bytes{at_} + bytes{size}).count; }
  /// Notes that the data likely has to have so many bytes.
  void expect(std::uint64_t likely) { likely_ = likely; }

 private:
  std::span<const std::byte> data_;
  std::uint64_t at_ = 0;
  std::uint64_t needed_ = 0, likely_ = 0;
};

/// A value type's id. Errors: truncated;  bad_format  an unknown id
[[nodiscard]] inline result<value_type> read_value_type(reader& in, std::string_view field) {
  const std::uint64_t at = in.offset();
  const auto id = in.number<std::uint32_t>(field);
  if (!id) return id.error();
  if (*id >= n_value_type)
    return field_error(errc::bad_format, field, at, std::to_string(*id), "a type id from 0 to 12");
  return static_cast<value_type>(*id);
}

namespace detail {
[[nodiscard]] inline result<value> read_array(reader& in) {
  const std::uint64_t type_at = in.offset();
  const auto element = read_value_type(in, "array type");
  if (!element) return element.error();
  if (*element == value_type::array)
    return field_error(errc::unsupported, "array type", type_at, "9 (arr)",
                       "a plain type: llama.cpp refuses arrays of arrays");
  const std::uint64_t length_at = in.offset();
  const auto length = in.number<std::uint64_t>("array length");
  if (!length) return length.error();
  if (*length > max_array_length)
    return field_error(errc::limit, "array length", length_at, std::to_string(*length),
                       "at most " + std::to_string(max_array_length));

  const bool strings = *element == value_type::string;
  const std::uint64_t least = *length * (strings ? sizeof(std::uint64_t) : fixed_size(*element));
  if (least > in.remaining()) {
    reader ahead = in;
    if (strings && !ahead.skip_strings("array element", *length)) in.expect(ahead.likely_needed());
    return in.truncated("array", least);
  }
  if (!strings) return value(value_type::array, *element, *length, *in.take("array", least));

  reader start = in;
  if (const auto ok = in.skip_strings("array element", *length); !ok) return ok.error();
  return value(value_type::array, *element, *length,
               *start.take("array", in.offset() - start.offset()));
}
}  // namespace detail

/// The next value: its type, an array's element type and length, and what it holds.
/// Errors: truncated  the data ends within it;  bad_format  an unknown type;
///         limit  too long a string or array;  unsupported  an array of arrays
/// Source: llama.cpp, ggml/src/gguf.cpp: gguf_init_from_reader
[[nodiscard]] inline result<value> read_value(reader& in) {
  const auto type = read_value_type(in, "type");
  if (!type) return type.error();
  if (*type == value_type::array) return detail::read_array(in);
  reader start = in;
  if (*type == value_type::string) {
    if (const auto text = in.string("value"); !text) return text.error();
  } else if (const auto number = in.take("value", fixed_size(*type)); !number) {
    return number.error();
  }
  return value(*type, *type, 1, *start.take("value", in.offset() - start.offset()));
}

}  // namespace vrambudget::gguf
