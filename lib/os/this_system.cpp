#include "vrambudget/os/this_system.hpp"

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

}  // namespace vrambudget
