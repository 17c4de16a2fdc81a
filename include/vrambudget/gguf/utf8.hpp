// Whether text is UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vrambudget::gguf {

/// Where text first is no UTF-8, in bytes; its size: nowhere. What is written longer than needed and surrogates are none.
/// Source: RFC 3629, section 4
[[nodiscard]] constexpr std::size_t utf8_extent(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    std::size_t n = 0;
    if (first < 0x80)
      n = 1;
    else if (first >= 0xC2 && first < 0xE0)
      n = 2;
    else if (first >= 0xE0 && first < 0xF0)
      n = 3;
    else if (first >= 0xF0 && first < 0xF5)
      n = 4;
    if (n == 0 || i + n > text.size()) return i;
    std::uint32_t code = n == 1 ? first : first & (0x7Fu >> n);
    for (std::size_t k = 1; k < n; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xC0) != 0x80) return i;
      code = code << 6 | (next & 0x3Fu);
    }
    if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000))
      return i;
    i += n;
  }
  return text.size();
}
[[nodiscard]] constexpr bool is_utf8(std::string_view text) {
  return utf8_extent(text) == text.size();
}

/// The text with U+FFFD instead of each byte that is no UTF-8.
[[nodiscard]] inline std::string valid_utf8(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t good = utf8_extent(text);
    out += text.substr(0, good);
    if (good == text.size()) return out;
    out += "\xEF\xBF\xBD";
    text.remove_prefix(good + 1);
  }
}

}  // namespace vrambudget::gguf
