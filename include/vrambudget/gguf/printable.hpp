// Text of a file as it may be shown: on one line, without what a terminal would act on.
#pragma once

#include <string>
#include <string_view>

namespace vrambudget::gguf {

/// `text` with each control character (C0, DEL, and C1 in UTF-8) as '?', a line feed or tab as a blank, cut to
/// `most` bytes at a whole character.
[[nodiscard]] inline std::string printable(std::string_view text, std::size_t most = 400) {
  if (text.size() > most) {
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    text = text.substr(0, most);
  }
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c == '\n' || c == '\t' || c == '\r')
      out += ' ';
    else
      out += c < 0x20 || c == 0x7F || c1 ? '?' : text[i];
    i += c1;
  }
  return out;
}

}  // namespace vrambudget::gguf
