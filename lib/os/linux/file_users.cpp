#include "os/linux/file_users.hpp"

#include <fmt/format.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace vrambudget::detail {
namespace {

namespace fs = std::filesystem;

bool has_open(const fs::path& process, const struct stat& file) {
  std::error_code code;
  for (fs::directory_iterator at(process / "fd", code), end; !code && at != end;
       at.increment(code)) {
    struct stat info {};
    if (::stat(at->path().c_str(), &info) == 0 && info.st_dev == file.st_dev &&
        info.st_ino == file.st_ino)
      return true;
  }
  return false;
}

/// Lines of maps: "7f00-7f01 r--p 00000000 fe:00 1234  /path"; the device in hexadecimal digits.
bool has_mapped(const fs::path& process, const struct stat& file) {
  const std::string wanted =
      fmt::format(" {:02x}:{:02x} {} ", major(file.st_dev), minor(file.st_dev), file.st_ino);
  std::ifstream maps(process / "maps");
  for (std::string line; std::getline(maps, line);)
    if (line.find(wanted) != line.npos) return true;
  return false;
}

}  // namespace

std::string other_user_of(const struct stat& file) {
  const std::string own = std::to_string(::getpid());
  std::error_code code;
  for (fs::directory_iterator at("/proc", code), end; !code && at != end; at.increment(code)) {
    const std::string id = at->path().filename().string();
    const bool is_process = id.find_first_not_of("0123456789") == id.npos;
    if (!is_process || id == own) continue;
    if (!has_open(at->path(), file) && !has_mapped(at->path(), file)) continue;
    std::string name;
    std::getline(std::ifstream(at->path() / "comm"), name);
    return fmt::format("{} (process {})", name, id);
  }
  return {};
}

}  // namespace vrambudget::detail
