// Parts of a file as parts of another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace vrambudget::detail {

/// The next bytes that are no hole.
struct data_range {
  std::uint64_t begin = 0, end = 0;
};
/// From `at` on, before `end`; absent: only holes are left.
[[nodiscard]] std::optional<data_range> next_data(int fd, std::uint64_t at, std::uint64_t end);

/// Copies from one file to another.
class file_copier {
 public:
  file_copier(int in, int out) : in_(in), out_(out) {}
  /// At most `n` bytes: how many were, 0 at the end, below 0: errno says why not.
  [[nodiscard]] std::int64_t copy_some(std::uint64_t in_at, std::uint64_t out_at, std::uint64_t n);

 private:
  [[nodiscard]] std::int64_t copy_by_hand(std::uint64_t in_at, std::uint64_t out_at, std::uint64_t n);

  int in_, out_;
  bool by_system_ = true;  ///< which shares blocks where the file system can
  std::vector<std::byte> buffer_ = {};
};

/// Gives `to` the rights of `from`, and its owner where this process may.
void copy_rights(int from, int to);

}  // namespace vrambudget::detail
