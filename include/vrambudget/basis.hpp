// How an amount of memory is known.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vrambudget {

/// How an amount is known, from strongest to weakest.
enum class basis : std::uint8_t {
  exact,    ///< computed as the engine allocates
  bound,    ///< not more than this
  fitted,   ///< from measurements of this class of device
  assumed,  ///< from few measurements of other devices
};

[[nodiscard]] constexpr std::string_view name(basis b) {
  constexpr std::string_view names[] = {"exact", "bound", "fitted", "assumed"};
  return names[static_cast<std::size_t>(b)];
}

}  // namespace vrambudget
