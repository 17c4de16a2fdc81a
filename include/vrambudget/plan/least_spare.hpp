// What a run leaves on the device that has least.
#pragma once

#include <algorithm>

#include "vrambudget/plan/budget.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Of the fullest device; without devices of the host, of which 0 is also said where its memory is not known.
[[nodiscard]] inline bytes least_spare(const budget& b) {
  if (b.devices.empty()) return b.host.spare().value_or(bytes{});
  bytes least = bytes::max();
  for (const device_budget& d : b.devices) least = std::min(least, d.spare());
  return least;
}

}  // namespace vrambudget
