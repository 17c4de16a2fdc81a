// Maps files with POSIX calls; see the header for what is promised.
#include "vrambudget/io/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "os/descriptor.hpp"

namespace vrambudget {
namespace {

using detail::descriptor;

error system_error(const std::string& path, const char* action, int code) {
  return {errc::io,
          fmt::format("{}: cannot {}: {}", path, action, std::generic_category().message(code))};
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

mapped_file::~mapped_file() {
  // munmap wants a pointer to non-const, the mapping is ours to end
  if (!data_.empty()) ::munmap(const_cast<std::byte*>(data_.data()), data_.size());
}

result<mapped_file> mapped_file::open(const std::string& path) {
  // without O_NONBLOCK a pipe nobody writes to would hold the caller here
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return system_error(path, "open", errno);

  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return system_error(path, "stat", errno);
  if (!S_ISREG(info.st_mode))
    return error{errc::io,
                 fmt::format("{}: found {}, expected a file", path, kind_of(info.st_mode))};
  if (info.st_size == 0) return mapped_file();

  const auto size = static_cast<std::size_t>(info.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) return system_error(path, "map", errno);
  return mapped_file({static_cast<const std::byte*>(at), size});
}

}  // namespace vrambudget
