// By reading and writing, holes too: what is new takes all the room of its size.
#include "os/file_copy.hpp"

#include <algorithm>

#include "os/descriptor.hpp"

namespace vrambudget::detail {

std::optional<data_range> next_data(int, std::uint64_t at, std::uint64_t end) {
  return data_range{at, end};
}

std::int64_t file_copier::copy_by_hand(std::uint64_t in_at, std::uint64_t out_at, std::uint64_t n) {
  buffer_.resize(std::min<std::uint64_t>(n, 1 << 20));
  const std::int64_t got = read_at(in_, buffer_, in_at);
  if (got <= 0) return got;
  const std::span<const std::byte> read(buffer_.data(), static_cast<std::size_t>(got));
  return write_at(out_, read, out_at) ? got : -1;
}

std::int64_t file_copier::copy_some(std::uint64_t in_at, std::uint64_t out_at, std::uint64_t n) {
  return copy_by_hand(in_at, out_at, n);
}

void copy_rights(int, int) {}  // a new file has those of its folder

}  // namespace vrambudget::detail
