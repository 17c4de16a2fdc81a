// What is drawn on a card, as far as somebody told it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "vrambudget/units.hpp"

namespace vrambudget {

/// How much a desktop holds of the card that draws it, among desktops.
enum class desktop : std::uint8_t { none, light, typical, heavy };

[[nodiscard]] constexpr std::string_view name(desktop d) {
  constexpr std::array<std::string_view, 4> names = {"none", "light", "typical", "heavy"};
  return names[static_cast<std::size_t>(d)];
}

/// "none", "light", "typical" or "heavy"; nothing for another text.
[[nodiscard]] constexpr std::optional<desktop> find_desktop(std::string_view text) {
  using enum desktop;
  for (const desktop d : {none, light, typical, heavy})
    if (name(d) == text) return d;
  return std::nullopt;
}

/// A kind of desktop, or what all others together hold of the card.
using drawn_on_card = std::variant<desktop, bytes>;

}  // namespace vrambudget
