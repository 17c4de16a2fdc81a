// An open file of POSIX, reading and writing it.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace vrambudget::detail {

/// An open file that closes itself.
class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// Reads from `offset` on until `to` is full or the file ends: how many bytes; below 0: errno says why not.
[[nodiscard]] inline ssize_t read_at(int fd, std::span<std::byte> to, std::uint64_t offset) {
  std::size_t n = 0;
  while (n < to.size()) {
    const ssize_t got =
        ::pread(fd, to.data() + n, to.size() - n, static_cast<off_t>(offset + n));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return got;
    if (got == 0) break;
    n += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(n);
}

/// Writes all of it; false: errno says why not.
[[nodiscard]] inline bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace vrambudget::detail
