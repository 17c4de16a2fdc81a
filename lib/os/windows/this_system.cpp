#include "vrambudget/os/this_system.hpp"

#include <cpuid.h>

#include "os/windows/wide.hpp"
#include "vrambudget/machine/processor.hpp"

namespace vrambudget {

operating_system this_system() { return operating_system::windows; }

std::optional<cpu_variant> this_cpu() { return std::nullopt; }

std::optional<bytes> available_memory() {
  MEMORYSTATUSEX memory{};
  memory.dwLength = sizeof memory;
  if (!::GlobalMemoryStatusEx(&memory)) return std::nullopt;
  return bytes{memory.ullAvailPhys};
}

}  // namespace vrambudget
