// Text of a file as it may be shown: UTF-8 without what a terminal would act on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "vrambudget/gguf/utf8.hpp"

namespace vrambudget::gguf {

/// Whether a terminal would act on a character rather than show it: C0, DEL and C1, separators of lines, and what turns
/// the direction of the text around it, which then reads as another.
/// Source: Unicode 15.0: general categories Cc, Zl and Zp, property Bidi_Control
[[nodiscard]] constexpr bool is_acted_on(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || code == 0x61C || code == 0x200E ||
         code == 0x200F || (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
}

/// Gives a text in parts: `plain` what can be shown, in runs; `other` the code of each character that is acted on, and
/// U+FFFD for each byte that is no UTF-8. Either ends it by returning false.
template <class Plain, class Other>
void in_shown_parts(std::string_view text, const Plain& plain, const Other& other) {
  while (!text.empty()) {
    std::size_t run = 0;
    utf8_character c;
    while (run < text.size()) {
      c = first_character(text.substr(run));
      if (c.size == 0 || is_acted_on(c.code)) break;
      run += c.size;
    }
    if (run > 0 && !plain(text.substr(0, run))) return;
    text.remove_prefix(run);
    if (text.empty()) return;
    if (!other(c.size == 0 ? 0xFFFDu : c.code)) return;
    text.remove_prefix(c.size == 0 ? 1 : c.size);
  }
}

/// `text` on one line: each character that is acted on as '?', a line feed or tab as a blank, each byte that is no UTF-8
/// as U+FFFD; cut to `most` bytes at a whole character.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t most = 400) {
  std::string out;
  const auto plain = [&](std::string_view run) {
    std::size_t n = std::min(run.size(), most - out.size());
    const bool fits = n == run.size();
    while (!fits && n > 0 && (static_cast<unsigned char>(run[n]) & 0xC0) == 0x80) --n;
    out += run.substr(0, n);
    return fits;
  };
  in_shown_parts(text, plain, [&](std::uint32_t code) {
    if (code == 0xFFFD) return plain(replacement_character);
    return plain(code == '\n' || code == '\t' || code == '\r' ? " " : "?");
  });
  return out;
}

/// `text` with its lines and tabs, else as printable() has it, and not cut. Where `colours` are wanted, what sets them on
/// a terminal stays.
[[nodiscard]] inline std::string printable_lines(std::string_view text, bool colours = false) {
  std::string out;
  const auto plain = [&](std::string_view run) {
    out += run;
    return true;
  };
  while (true) {
    const std::size_t escape = colours ? text.find("\x1b[") : text.npos;
    in_shown_parts(text.substr(0, escape), plain, [&](std::uint32_t code) {
      if (code == 0xFFFD) return plain(replacement_character);
      out += code == '\n' || code == '\t' ? static_cast<char>(code) : '?';
      return true;
    });
    if (escape == text.npos) return out;
    const std::size_t end = text.find_first_not_of("0123456789;", escape + 2);
    const bool is_colour = end != text.npos && text[end] == 'm';
    out += is_colour ? text.substr(escape, end + 1 - escape) : std::string_view("?[");
    text.remove_prefix(is_colour ? end + 1 : escape + 2);
  }
}

}  // namespace vrambudget::gguf
