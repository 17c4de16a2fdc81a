// What a system tells of a file without reading it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace vrambudget::detail {

enum class entry_kind : std::uint8_t { file, folder, pipe, socket, device, link };

struct file_facts {
  entry_kind kind = entry_kind::file;
  std::uint64_t device = 0, inode = 0;  ///< what tells files apart
  std::uint64_t size = 0;               ///< in bytes
  std::uint64_t on_disk = 0;            ///< bytes that it takes there
  std::int64_t seconds = 0, nanoseconds = 0;  ///< of the last writing, since 1970
  unsigned mode = 0;                          ///< who may do what with it, as POSIX has it

  [[nodiscard]] bool is_file() const { return kind == entry_kind::file; }
  [[nodiscard]] bool is_same_file(const file_facts& o) const {
    return device == o.device && inode == o.inode;
  }
  [[nodiscard]] bool is_as_written(const file_facts& o) const {
    return size == o.size && seconds == o.seconds && nanoseconds == o.nanoseconds;
  }
};

/// Absent: errno says why.
[[nodiscard]] std::optional<file_facts> facts_of(int fd);
/// Of what links lead to.
[[nodiscard]] std::optional<file_facts> facts_of(const std::string& path);
/// Of a link itself.
[[nodiscard]] std::optional<file_facts> facts_of_link(const std::string& path);

}  // namespace vrambudget::detail
