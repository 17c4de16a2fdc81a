// What a context takes on a device in use, where that is not known kernel by kernel.
#pragma once

#include <string_view>

#include "vrambudget/units.hpp"

namespace vrambudget {

/// Scratch of kernels, kept once it was asked for: the usual amount, and the most that is expected.
struct growth {
  bytes usual = {}, most = {};
  std::string_view known_from = {};
};

}  // namespace vrambudget
