#include "os/file_copy.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace vrambudget::detail {

std::optional<data_range> next_data(int fd, std::uint64_t at, std::uint64_t end) {
  const off_t data = ::lseek(fd, static_cast<off_t>(at), SEEK_DATA);
  if (data < 0 && errno == ENXIO) return std::nullopt;
  const off_t hole = data < 0 ? -1 : ::lseek(fd, data, SEEK_HOLE);
  return data_range{data < 0 ? at : static_cast<std::uint64_t>(data),
                    hole < 0 ? end : static_cast<std::uint64_t>(hole)};
}

std::int64_t file_copier::copy_by_hand(std::uint64_t in_at, std::uint64_t out_at, std::uint64_t n) {
  buffer_.resize(std::min<std::uint64_t>(n, 1 << 20));
  const ssize_t got = ::pread(in_, buffer_.data(), buffer_.size(), static_cast<off_t>(in_at));
  return got <= 0 ? got
                  : ::pwrite(out_, buffer_.data(), static_cast<std::size_t>(got),
                             static_cast<off_t>(out_at));
}

std::int64_t file_copier::copy_some(std::uint64_t in_at, std::uint64_t out_at, std::uint64_t n) {
  auto from = static_cast<off_t>(in_at), to = static_cast<off_t>(out_at);
  while (by_system_) {
    const ssize_t done = ::copy_file_range(in_, &from, out_, &to, n, 0);
    if (done >= 0) return done;
    if (errno == EINTR) continue;
    if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP) return done;
    by_system_ = false;
  }
  return copy_by_hand(in_at, out_at, n);
}

void copy_rights(int from, int to) {
  struct stat s {};
  if (::fstat(from, &s) != 0) return;
  ::fchmod(to, s.st_mode & 0777);
  if (::fchown(to, s.st_uid, s.st_gid) != 0) errno = 0;  // who may not, keeps it
}

}  // namespace vrambudget::detail
