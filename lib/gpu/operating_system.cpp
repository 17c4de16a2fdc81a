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

operating_system this_system() {
#ifdef _WIN32
  return operating_system::windows;
#else
  // WSL's kernels name themselves "...-microsoft-standard-WSL2"
  std::string line;
  std::getline(std::ifstream("/proc/version"), line);
  return line.find("icrosoft") != std::string::npos ? operating_system::wsl2
                                                    : operating_system::native_linux;
#endif
}

}  // namespace vrambudget
