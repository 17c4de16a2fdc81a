// Text from files and drivers as text of XML.
#include "xml.hpp"

#include <cstdint>

namespace vrambudget {
namespace {

/// Bytes of the character that `text` begins with; 0 if it begins with none that XML has.
/// Source: XML 1.0, production 2; RFC 3629, section 4
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
  const std::size_t n = first >> 5 == 0b110     ? 2
                        : first >> 4 == 0b1110  ? 3
                        : first >> 3 == 0b11110 ? 4
                                                : 0;
  if (n == 0 || n > text.size()) return 0;
  std::uint32_t code = first & (0x7f >> n);
  for (std::size_t i = 1; i < n; ++i) {
    if (byte(i) >> 6 != 0b10) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};  // no longer form of a short one
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  return code >= least[n] && !surrogate && code != 0xfffe && code != 0xffff && code < 0x110000 ? n
                                                                                               : 0;
}

std::string_view escaped(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

}  // namespace

std::string xml_text(std::string_view text, std::size_t longest) {
  std::string out;
  for (std::size_t shown = 0; !text.empty(); ++shown) {
    if (shown == longest) return out + "\u2026";
    const std::size_t n = character(text);
    if (n == 0)
      out += "\uFFFD";
    else if (const std::string_view escape = escaped(text[0]); !escape.empty())
      out += escape;
    else
      out += text.substr(0, n);
    text.remove_prefix(n ? n : 1);
  }
  return out;
}

}  // namespace vrambudget
