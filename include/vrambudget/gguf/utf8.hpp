// Whether text is UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vrambudget::gguf {

/// A character as UTF-8 has it.
struct utf8_character {
  std::size_t size = 0;  ///< in bytes; 0: there is none
  std::uint32_t code = 0;
};

/// The one that a text begins with. What is written longer than needed and surrogates are none.
/// Source: RFC 3629, section 4
[[nodiscard]] constexpr utf8_character first_character(std::string_view text) {
  if (text.empty()) return {};
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {1, first};
  std::size_t n = 0;
  if (first >= 0xC2 && first < 0xE0)
    n = 2;
  else if (first >= 0xE0 && first < 0xF0)
    n = 3;
  else if (first >= 0xF0 && first < 0xF5)
    n = 4;
  if (n == 0 || n > text.size()) return {};
  std::uint32_t code = first & (0x7Fu >> n);
  for (std::size_t k = 1; k < n; ++k) {
    const auto next = static_cast<unsigned char>(text[k]);
    if ((next & 0xC0) != 0x80) return {};
    code = code << 6 | (next & 0x3Fu);
  }
  if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) || code > 0x10FFFF ||
      (code >= 0xD800 && code < 0xE000))
    return {};
  return {n, code};
}

/// Where text first is no UTF-8, in bytes; its size: nowhere.
[[nodiscard]] constexpr std::size_t utf8_extent(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const utf8_character c = first_character(text.substr(at));
    if (c.size == 0) break;
    at += c.size;
  }
  return at;
}
[[nodiscard]] constexpr bool is_utf8(std::string_view text) {
  return utf8_extent(text) == text.size();
}

/// What stands for a byte that is no UTF-8: U+FFFD.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// The text with U+FFFD instead of each byte that is no UTF-8.
[[nodiscard]] inline std::string valid_utf8(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t good = utf8_extent(text);
    out += text.substr(0, good);
    if (good == text.size()) return out;
    out += replacement_character;
    text.remove_prefix(good + 1);
  }
}

}  // namespace vrambudget::gguf
