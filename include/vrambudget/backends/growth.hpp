// What a context takes on a device in use, where it is more than one number.
#pragma once

#include "vrambudget/units.hpp"

namespace vrambudget {

/// Scratch of kernels, kept once it was asked for: the usual amount, and the most that is expected.
struct growth {
  bytes usual = {}, most = {};
};

}  // namespace vrambudget
