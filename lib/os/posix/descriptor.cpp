#include "os/descriptor.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

namespace vrambudget::detail {
namespace {

/// Calls until it is not interrupted; 0 for nothing is a failure where something is to be written.
template <class Call>
bool all_of(std::size_t n, Call call) {
  for (std::size_t at = 0; at < n;) {
    const ssize_t done = call(at);
    if (done < 0 && errno == EINTR) continue;
    if (done == 0) errno = EIO;
    if (done <= 0) return false;
    at += static_cast<std::size_t>(done);
  }
  return true;
}

}  // namespace

void descriptor::close() {
  if (const int fd = std::exchange(fd_, -1); fd >= 0) ::close(fd);
}

descriptor open_to_read(const std::string& path) {
  // without O_NONBLOCK a pipe nobody writes to would hold the caller here
  return descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

descriptor open_to_write(const std::string& path) {
  return descriptor(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
}

descriptor open_to_change(const std::string& path) {
  return descriptor(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
}

descriptor open_new(const std::string& path, unsigned mode) {
  return descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode));
}

descriptor open_or_make(const std::string& path, unsigned mode) {
  return descriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode));
}

std::int64_t read_some(int fd, std::span<std::byte> to) {
  for (;;) {
    const ssize_t got = ::read(fd, to.data(), to.size());
    if (got >= 0 || errno != EINTR) return got;
  }
}

std::int64_t read_at(int fd, std::span<std::byte> to, std::uint64_t offset) {
  std::size_t n = 0;
  while (n < to.size()) {
    const ssize_t got =
        ::pread(fd, to.data() + n, to.size() - n, static_cast<off_t>(offset + n));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return got;
    if (got == 0) break;
    n += static_cast<std::size_t>(got);
  }
  return static_cast<std::int64_t>(n);
}

bool write_all(int fd, std::string_view text) {
  return all_of(text.size(), [&](std::size_t at) {
    return ::write(fd, text.data() + at, text.size() - at);
  });
}

bool write_at(int fd, std::span<const std::byte> from, std::uint64_t offset) {
  return all_of(from.size(), [&](std::size_t at) {
    return ::pwrite(fd, from.data() + at, from.size() - at, static_cast<off_t>(offset + at));
  });
}

bool resize(int fd, std::uint64_t size) { return ::ftruncate(fd, static_cast<off_t>(size)) == 0; }

bool flush(int fd) { return ::fsync(fd) == 0; }

#ifndef __wasi__
bool lock(int fd) { return ::flock(fd, LOCK_EX | LOCK_NB) == 0; }
#endif

}  // namespace vrambudget::detail
