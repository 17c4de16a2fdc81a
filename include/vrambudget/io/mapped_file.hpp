// A file's bytes in memory without reading them: the system loads the pages that are touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A regular file mapped read-only for as long as the object lives. Moving it keeps the bytes where
/// they are. A file that another process cuts short meanwhile ends this one when the lost part is
/// touched, as with any mapping.
class mapped_file {
 public:
  mapped_file() = default;
  mapped_file(mapped_file&& other) noexcept
      : data_(std::exchange(other.data_, {})), was_(other.was_) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(was_, other.was_);
    return *this;
  }
  ~mapped_file();

  /// Maps a file; an empty one gives no bytes.
  /// Errors: io  it cannot be opened or mapped, or is no regular file; names path and cause
  [[nodiscard]] static result<mapped_file> open(const std::string& path);

  [[nodiscard]] std::span<const std::byte> data() const { return data_; }
  [[nodiscard]] bytes size() const { return {data_.size()}; }

  /// Whether at `path` there still is this file, as it was when it was opened: what was read of it is of one
  /// state.
  /// Errors: io  it was written to, became longer or shorter, or is another file now; says which
  [[nodiscard]] result<void> check_unchanged(const std::string& path) const;

 private:
  /// What tells a file, and what writing changes.
  struct state {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;  ///< of the last writing
  };
  mapped_file(std::span<const std::byte> data, const state& was) : data_(data), was_(was) {}
  friend struct state_of_file;

  std::span<const std::byte> data_;
  state was_;
};

}  // namespace vrambudget
