#include "os/file_facts.hpp"

#include <sys/stat.h>

namespace vrambudget::detail {
namespace {

entry_kind kind_of(mode_t mode) {
  if (S_ISREG(mode)) return entry_kind::file;
  if (S_ISDIR(mode)) return entry_kind::folder;
  if (S_ISFIFO(mode)) return entry_kind::pipe;
  if (S_ISSOCK(mode)) return entry_kind::socket;
  if (S_ISLNK(mode)) return entry_kind::link;
  return entry_kind::device;
}

std::optional<file_facts> facts_in(int status, const struct stat& s) {
  if (status != 0) return std::nullopt;
#ifdef __APPLE__
  const timespec& written = s.st_mtimespec;
#else
  const timespec& written = s.st_mtim;
#endif
  return file_facts{.kind = kind_of(s.st_mode),
                    .device = static_cast<std::uint64_t>(s.st_dev),
                    .inode = static_cast<std::uint64_t>(s.st_ino),
                    .size = static_cast<std::uint64_t>(s.st_size),
                    .on_disk = static_cast<std::uint64_t>(s.st_blocks) * 512,
                    .seconds = written.tv_sec,
                    .nanoseconds = written.tv_nsec,
                    .mode = s.st_mode & 0777u};
}

}  // namespace

std::optional<file_facts> facts_of(int fd) {
  struct stat s {};
  return facts_in(::fstat(fd, &s), s);
}

std::optional<file_facts> facts_of(const std::string& path) {
  struct stat s {};
  return facts_in(::stat(path.c_str(), &s), s);
}

std::optional<file_facts> facts_of_link(const std::string& path) {
  struct stat s {};
  return facts_in(::lstat(path.c_str(), &s), s);
}

}  // namespace vrambudget::detail
