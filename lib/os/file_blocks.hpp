// Blocks of a file, and of the disk it lies on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vrambudget::detail {

/// In bytes.
[[nodiscard]] std::uint64_t block_size_of(int fd);

/// Puts blocks before what is at `at`, which moves. EOPNOTSUPP, EINVAL, ENOSYS: the file system moves none.
[[nodiscard]] bool put_in_blocks(int fd, std::uint64_t at, std::uint64_t size);
/// Takes them out again.
[[nodiscard]] bool take_out_blocks(int fd, std::uint64_t at, std::uint64_t size);
/// Gives those room on the disk that have none yet.
[[nodiscard]] bool allocate_blocks(int fd, std::uint64_t at, std::uint64_t size);

/// Whether a copy on this file system takes no room of its own.
[[nodiscard]] bool shares_blocks(int fd);

/// Bytes that this user may still take of the disk that a file lies on. Absent: it is unknown.
[[nodiscard]] std::optional<std::uint64_t> free_on_disk_of(const std::string& path);

}  // namespace vrambudget::detail
