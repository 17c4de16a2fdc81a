// The rows of a data file without where they are known from, which is most of the text and read by nobody here.
#pragma once

#include <string>
#include <string_view>

namespace vrambudget::detail {

/// For files whose rows begin with `  {"id"` on a line of their own and end with `"sources"` on another.
inline std::string without_sources(std::string_view text) {
  constexpr std::string_view sources = ",\n   \"sources\"", row = ",\n  {\"id\"";
  std::string out;
  out.reserve(text.size() / 2);
  while (true) {
    const auto at = text.find(sources);
    out += text.substr(0, at);
    if (at == text.npos) return out;
    const auto next = text.find(row, at);
    out += next == text.npos ? "}]" : "}";
    if (next == text.npos) return out;
    text.remove_prefix(next);
  }
}

}  // namespace vrambudget::detail
