#include "vrambudget/os/this_system.hpp"

#include <cstdint>
#include <fstream>
#include <string>

#include "vrambudget/machine/processor.hpp"

namespace vrambudget {

operating_system this_system() {
  std::string line;
  std::getline(std::ifstream("/proc/version"), line);
  return system_of_kernel(line);
}

std::optional<cpu_variant> this_cpu() {
  std::ifstream facts("/proc/cpuinfo");
  std::string first;  // of all cores, as each has the same
  for (std::string line; std::getline(facts, line) && (!line.empty() || first.empty());)
    first += line + '\n';
  return cpu_of_facts(first);
}

std::optional<bytes> available_memory() {
  std::ifstream facts("/proc/meminfo");  // "MemAvailable:   12345 kB"
  std::uint64_t n_kib = 0;
  for (std::string key, unit; facts >> key >> n_kib && std::getline(facts, unit);)
    if (key == "MemAvailable:") return 1_KiB * n_kib;
  return std::nullopt;
}

}  // namespace vrambudget
