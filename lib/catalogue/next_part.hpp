// A text taken part by part.
#pragma once

#include <algorithm>
#include <string_view>

namespace vrambudget {

/// Takes what stands before the next `between`, and that itself, off a text that is not empty.
[[nodiscard]] inline std::string_view next_part(std::string_view& rest, char between) {
  const std::size_t end = std::min(rest.find(between), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace vrambudget
