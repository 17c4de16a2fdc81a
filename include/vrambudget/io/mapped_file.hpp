// A file's bytes in memory without reading them: the system loads the pages that are touched.
#pragma once

#include <cstddef>
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
  mapped_file(mapped_file&& other) noexcept : data_(std::exchange(other.data_, {})) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  ~mapped_file();

  /// Maps a file; an empty one gives no bytes.
  /// Errors: io  it cannot be opened or mapped, or is no regular file; names path and cause
  [[nodiscard]] static result<mapped_file> open(const std::string& path);

  [[nodiscard]] std::span<const std::byte> data() const { return data_; }
  [[nodiscard]] bytes size() const { return {data_.size()}; }

 private:
  explicit mapped_file(std::span<const std::byte> data) : data_(data) {}

  std::span<const std::byte> data_;
};

}  // namespace vrambudget
