#include "vrambudget/os/this_system.hpp"

#include <cstdint>
#include <fstream>
#include <string>

#include "vrambudget/machine/processor.hpp"

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

std::optional<cpu_variant> this_cpu() {
#if defined(__APPLE__) && defined(__aarch64__)
  return usual_apple_cpu;
#else
  std::ifstream facts("/proc/cpuinfo");
  std::string first;  // of all cores, as each has the same
  for (std::string line; std::getline(facts, line) && (!line.empty() || first.empty());)
    first += line + '\n';
  return cpu_of_facts(first);
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
