#include "os/file_blocks.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>

namespace vrambudget::detail {
namespace {

bool change_blocks(int fd, int how, std::uint64_t at, std::uint64_t size) {
  return ::fallocate(fd, how, static_cast<off_t>(at), static_cast<off_t>(size)) == 0;
}

}  // namespace

std::uint64_t block_size_of(int fd) {
  struct statfs system {};
  return ::fstatfs(fd, &system) == 0 ? static_cast<std::uint64_t>(system.f_bsize) : 4096;
}

bool put_in_blocks(int fd, std::uint64_t at, std::uint64_t size) {
  return change_blocks(fd, FALLOC_FL_INSERT_RANGE, at, size);
}

bool take_out_blocks(int fd, std::uint64_t at, std::uint64_t size) {
  return change_blocks(fd, FALLOC_FL_COLLAPSE_RANGE, at, size);
}

bool allocate_blocks(int fd, std::uint64_t at, std::uint64_t size) {
  return change_blocks(fd, 0, at, size);
}

bool shares_blocks(int fd) {
  constexpr std::array<std::uint32_t, 3> systems = {BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC,
                                                    0xca451a4e /* bcachefs */};
  struct statfs system {};
  return ::fstatfs(fd, &system) == 0 &&
         std::find(systems.begin(), systems.end(), static_cast<std::uint32_t>(system.f_type)) !=
             systems.end();
}

std::optional<std::uint64_t> free_on_disk_of(const std::string& path) {
  struct statvfs disk {};
  if (::statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  return std::uint64_t{disk.f_bavail} * disk.f_frsize;
}

}  // namespace vrambudget::detail
