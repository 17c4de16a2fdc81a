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

struct state_of_file {
  static mapped_file::state read(const struct stat& info) {
    return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino),
            static_cast<std::uint64_t>(info.st_size), info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
  }
};

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
  const state was = state_of_file::read(info);
  if (info.st_size == 0) return mapped_file({}, was);

  const auto size = static_cast<std::size_t>(info.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) return system_error(path, "map", errno);
  return mapped_file({static_cast<const std::byte*>(at), size}, was);
}

result<void> mapped_file::check_unchanged(const std::string& path) const {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return system_error(path, "look at it again", errno);
  const state now = state_of_file::read(info);
  const auto changed = [&](const std::string& how) {
    return error{errc::io, path + ": changed while it was read: " + how};
  };
  if (now.device != was_.device || now.inode != was_.inode)
    return changed("another file is there now");
  if (now.size != was_.size)
    return changed(fmt::format("it had {} bytes, and has {} now", was_.size, now.size));
  if (now.seconds != was_.seconds || now.nanoseconds != was_.nanoseconds)
    return changed("it was written to");
  return {};
}

}  // namespace vrambudget
