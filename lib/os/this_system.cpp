#include "vrambudget/os/this_system.hpp"

#include <cstdint>
#include <fstream>
#include <string>

namespace vrambudget {

operating_system this_system() {
#ifdef _WIN32
  return operating_system::windows;
#else
  std::string line;
  std::getline(std::ifstream("/proc/version"), line);
  return system_of_kernel(line);
#endif
}

std::optional<bytes> available_memory() {
  std::ifstream facts("/proc/meminfo");  // "MemAvailable:   12345 kB"
  std::uint64_t n_kib = 0;
  for (std::string key, unit; facts >> key >> n_kib && std::getline(facts, unit);)
    if (key == "MemAvailable:") return 1_KiB * n_kib;
  return std::nullopt;
}

}  // namespace vrambudget
