#include "vrambudget/gpu/operating_system.hpp"

#include <fstream>
#include <string>

namespace vrambudget {

std::optional<operating_system> find_operating_system(std::string_view text) {
  using enum operating_system;
  for (const operating_system s : {native_linux, windows, wsl2})
    if (name(s) == text) return s;
  return std::nullopt;
}

operating_system system_of_kernel(std::string_view version) {
  // WSL's kernels name themselves "...-microsoft-standard-WSL2", older ones "-Microsoft"
  return version.find("icrosoft") != version.npos ? operating_system::wsl2
                                                  : operating_system::native_linux;
}

operating_system this_system() {
#ifdef _WIN32
  return operating_system::windows;
#else
  std::string line;
  std::getline(std::ifstream("/proc/version"), line);
  return system_of_kernel(line);
#endif
}

}  // namespace vrambudget
