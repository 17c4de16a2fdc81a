// Builds of early 2025.
#pragma once

#include "vrambudget/engine/profiles/2025_10.hpp"

namespace vrambudget {

/// Before layers with a sliding window had caches of their own.
inline constexpr engine_profile profile_2025_04 = [] {
  engine_profile p = profile_2025_10;
  p.name = "2025-04";
  p.first = {2025, 1, 1};
  p.last = {2025, 5, 19};
  p.first_build = 4400;
  p.last_build = 5439;
  p.rules.window_caches = false;
  return p;
}();

}  // namespace vrambudget
