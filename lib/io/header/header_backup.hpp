// A header that was replaced, in a file of its own: what undoes a change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

struct header_backup {
  std::uint64_t old_size = 0, new_size = 0;  ///< of the file, in bytes
  std::uint64_t new_data = 0;                ///< where the data begin after the change
  std::uint64_t blocks_at = 0;               ///< where blocks are put in or taken out
  std::uint64_t new_hash = 0;                ///< the beginning of the SHA-256 of the new header
  std::uint64_t data_hash = 0;               ///< of samples of the data, which stay the same
  std::vector<std::byte> header;             ///< the old one, up to its data

  [[nodiscard]] std::uint64_t data_size() const { return old_size - header.size(); }
};

/// Beside a file: what undoes a change that is not over, and what undoes those that are.
[[nodiscard]] inline std::string change_path(const std::string& file) {
  return file + ".header-change";
}
[[nodiscard]] inline std::string backup_path(const std::string& file) {
  return file + ".header-backup";
}

/// The beginning of the SHA-256.
[[nodiscard]] std::uint64_t hash_of(const std::vector<std::byte>& bytes);

/// Writes it under this name whole or not at all, so that it lasts. `mode`: who may read it.
/// Errors: io  it cannot be written; nothing is left of it then
[[nodiscard]] result<void> write_backup(const std::string& path, const header_backup& b,
                                        unsigned mode);

/// Absent where there is no such file.
/// Errors: bad_format  it is no backup, or damaged;  io  it cannot be read
[[nodiscard]] result<std::optional<header_backup>> read_backup(const std::string& path);

}  // namespace vrambudget::detail
