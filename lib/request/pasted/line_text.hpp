// Lines and values of small configurations.
#pragma once

#include <algorithm>
#include <cctype>
#include <string_view>

namespace vrambudget::request::pasted {

[[nodiscard]] inline std::string_view trimmed(std::string_view s) {
  const auto is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)); };
  while (!s.empty() && is_blank(s.front())) s.remove_prefix(1);
  while (!s.empty() && is_blank(s.back())) s.remove_suffix(1);
  return s;
}

/// The first line, without blanks around it; it is cut off the text.
[[nodiscard]] inline std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

/// Whether a switch with this value is off: llama.cpp, common/arg.cpp, is_falsey.
[[nodiscard]] inline bool means_off(std::string_view v) {
  return v == "0" || v == "false" || v == "off" || v == "disabled";
}

}  // namespace vrambudget::request::pasted
