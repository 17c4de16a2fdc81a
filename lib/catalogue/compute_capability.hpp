// "8.6" as a number.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vrambudget {

/// "8.6" -> 860. Throws std::invalid_argument for what is no number.
inline std::uint32_t parse_compute_capability(std::string_view text) {
  const auto dot = text.find('.');
  const auto number = [](std::string_view s) { return std::stoul(std::string(s)); };
  return static_cast<std::uint32_t>(number(text.substr(0, dot)) * 100 +
                                    number(text.substr(dot + 1)) * 10);
}

}  // namespace vrambudget
