// An open file, reading and writing it. What fails says why in errno, on every system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace vrambudget::detail {

/// An open file that closes itself.
class descriptor {
 public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&&) = delete;
  ~descriptor() { close(); }
  void close();
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

/// For reading; nobody waits at a pipe.
[[nodiscard]] descriptor open_to_read(const std::string& path);

/// For writing to what is there, which may be a pipe or a device.
[[nodiscard]] descriptor open_to_write(const std::string& path);

/// A file for reading and writing, no link. Where the system can, nobody else has it open then; EBUSY: somebody has.
[[nodiscard]] descriptor open_to_change(const std::string& path);

/// A file that was not there, for reading and writing. `mode`: who may do what with it, where systems tell that so.
[[nodiscard]] descriptor open_new(const std::string& path, unsigned mode);

/// A file for writing, made if it is not there; no link.
[[nodiscard]] descriptor open_or_make(const std::string& path, unsigned mode);

/// Reads once, as much as there is: how many bytes; 0 at the end, below 0 where it fails.
[[nodiscard]] std::int64_t read_some(int fd, std::span<std::byte> to);

/// Reads from `offset` on until `to` is full or the file ends: how many bytes; below 0 where it fails.
[[nodiscard]] std::int64_t read_at(int fd, std::span<std::byte> to, std::uint64_t offset);

/// Writes all of it.
[[nodiscard]] bool write_all(int fd, std::string_view text);
/// The same at an offset.
[[nodiscard]] bool write_at(int fd, std::span<const std::byte> from, std::uint64_t offset);

/// Makes it as long as that.
[[nodiscard]] bool resize(int fd, std::uint64_t size);

/// What was written outlives the machine's stopping.
[[nodiscard]] bool flush(int fd);

/// Locks it against others who lock it, if nobody has: EWOULDBLOCK. Closing gives the lock back.
[[nodiscard]] bool lock(int fd);

}  // namespace vrambudget::detail
