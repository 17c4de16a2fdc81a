// The operating system of this machine, and its memory.
#pragma once

#include <optional>

#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// The system this process runs on.
[[nodiscard]] operating_system this_system();

/// Memory of this machine that processes can still take, caches of files included. Absent: it is unknown.
[[nodiscard]] std::optional<bytes> available_memory();

}  // namespace vrambudget
