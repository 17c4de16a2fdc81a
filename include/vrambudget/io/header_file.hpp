// A GGUF file's header in memory, parsed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What tells a file, and what writing changes.
struct file_state {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t seconds = 0, nanoseconds = 0;  ///< of the last writing
};

namespace detail {
/// Gives back pages that the system gave.
struct pages_given_back {
  std::size_t size = 0;  ///< of them in bytes
  void operator()(std::byte* p) const;
};
}  // namespace detail

/// A header and the state of the file that it was read of. Moving it keeps the bytes where they are. Nothing of the file
/// is mapped: whatever happens to it later, what was read stays.
class header_file {
 public:
  header_file() = default;
  header_file(header_file&& other) noexcept
      : data_(std::move(other.data_)),
        n_(std::exchange(other.n_, 0)),
        was_(other.was_),
        header_(std::move(other.header_)) {}
  header_file& operator=(header_file&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(n_, other.n_);
    std::swap(was_, other.was_);
    std::swap(header_, other.header_);
    return *this;
  }

  /// Reads a regular file from its beginning until its header is whole.
  /// Errors: io     it cannot be opened or read, is no regular file, or ends before the size that it had; names path and
  ///                cause
  ///         those of gguf::measure_header() and gguf::parse(), after the path
  [[nodiscard]] static result<header_file> open(const std::string& path);

  /// A view into data(), which must outlive it. Once: then there is none here.
  [[nodiscard]] gguf::header take_header() { return std::move(header_); }
  /// The header's bytes, up to the data.
  [[nodiscard]] std::span<const std::byte> data() const { return {data_.get(), n_}; }
  /// Of the whole file when it was opened.
  [[nodiscard]] bytes size() const { return {was_.size}; }

  /// Whether at `path` there still is this file, as it was when it was opened: what was read of it is of one
  /// state.
  /// Errors: io  it was written to, became longer or shorter, or is another file now; says which
  [[nodiscard]] result<void> check_unchanged(const std::string& path) const;

 private:
  [[nodiscard]] result<void> make_room(std::size_t size, const std::string& path);
  [[nodiscard]] result<void> read_up_to(int fd, std::size_t end, const std::string& path);
  void give_back_rest();

  std::unique_ptr<std::byte, detail::pages_given_back> data_;
  std::size_t n_ = 0;
  file_state was_;
  gguf::header header_;
};

}  // namespace vrambudget
