// The operating system of this machine.
#pragma once

#include "vrambudget/machine/operating_system.hpp"

namespace vrambudget {

/// The system this process runs on.
[[nodiscard]] operating_system this_system();

}  // namespace vrambudget
