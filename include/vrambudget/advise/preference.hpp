// What a person wants most of a run, where not all can be had.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "vrambudget/error.hpp"

namespace vrambudget {

enum class preference : std::uint8_t {
  quality,  ///< the model and the types that lose least
  speed,    ///< most tokens a second
  context,  ///< most tokens at once
  balance   ///< all on the devices, then types that lose next to nothing, then most tokens
};

/// The words for them, in their order.
inline constexpr std::array<std::pair<std::string_view, preference>, 4> preference_words{
    {{"quality", preference::quality},
     {"speed", preference::speed},
     {"context", preference::context},
     {"balance", preference::balance}}};

[[nodiscard]] constexpr std::string_view name(preference p) {
  return preference_words[static_cast<std::size_t>(p)].first;
}

/// Errors: invalid_argument  no such word
[[nodiscard]] inline result<preference> parse_preference(std::string_view word) {
  std::string known;
  for (const auto& [text, value] : preference_words) {
    if (word == text) return value;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  return error{errc::invalid_argument, "'" + std::string(word) + "' is none of " + known};
}

}  // namespace vrambudget
