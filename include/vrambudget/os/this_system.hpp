// The operating system of this machine, its memory and its processor.
#pragma once

#include <optional>

#include "vrambudget/engine/cpu_variant.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// The system this process runs on.
[[nodiscard]] operating_system this_system();

/// The variant of the engine's CPU library that this machine loads. Absent: it is unknown.
[[nodiscard]] std::optional<cpu_variant> this_cpu();

/// Memory of this machine that processes can still take, caches of files included. Absent: it is unknown.
[[nodiscard]] std::optional<bytes> available_memory();

}  // namespace vrambudget
