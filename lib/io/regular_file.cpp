#include "io/regular_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace vrambudget::detail {
namespace {

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

error refused_by_system(const std::string& path, const char* what, int code) {
  return {errc::io,
          fmt::format("{}: cannot {}: {}", path, what, std::generic_category().message(code))};
}

result<regular_file> open_regular(const std::string& path) {
  // without O_NONBLOCK a pipe nobody writes to would hold the caller here
  regular_file f{descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK))};
  if (!f.file.is_open()) return refused_by_system(path, "open", errno);
  if (::fstat(f.file.get(), &f.info) != 0) return refused_by_system(path, "stat", errno);
  if (!S_ISREG(f.info.st_mode))
    return error{errc::io,
                 fmt::format("{}: found {}, expected a file", path, kind_of(f.info.st_mode))};
  return f;
}

}  // namespace vrambudget::detail
