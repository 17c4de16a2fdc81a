// No block of a file can be moved here: a copy is the way.
#include "os/file_blocks.hpp"

#include <cerrno>
#include <filesystem>

namespace vrambudget::detail {
namespace {

bool moves_none() {
  errno = EOPNOTSUPP;
  return false;
}

}  // namespace

std::uint64_t block_size_of(int) { return 4096; }
bool put_in_blocks(int, std::uint64_t, std::uint64_t) { return moves_none(); }
bool take_out_blocks(int, std::uint64_t, std::uint64_t) { return moves_none(); }
bool allocate_blocks(int, std::uint64_t, std::uint64_t) { return moves_none(); }
bool shares_blocks(int) { return false; }

std::optional<std::uint64_t> free_on_disk_of(const std::string& path) {
  std::error_code failed;
  const std::u8string text(path.begin(), path.end());
  const auto space = std::filesystem::space(std::filesystem::path(text).parent_path(), failed);
  if (failed) return std::nullopt;
  return space.available;
}

}  // namespace vrambudget::detail
