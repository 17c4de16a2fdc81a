#include "io/header/copied_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "io/replaced_file.hpp"
#include "os/descriptor.hpp"

namespace vrambudget::detail {
namespace {

constexpr std::uint64_t piece = std::uint64_t{64} << 20;

/// The new file as it is written: `from` of the old one is at `to` of it.
struct copying {
  int in, out;
  std::uint64_t from, to;
  std::vector<std::byte> buffer = {};
  bool by_system = true;  ///< which shares blocks where the file system can

  /// At most so many bytes at `at` of the data; how many were, 0 at the end, negative: errno says why not.
  ssize_t take(std::uint64_t at, std::uint64_t n) {
    auto in_at = static_cast<off_t>(from + at), out_at = static_cast<off_t>(to + at);
    if (by_system) {
      const ssize_t done = ::copy_file_range(in, &in_at, out, &out_at, n, 0);
      if (done >= 0 ||
          (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP))
        return done;
      by_system = false;
    }
    buffer.resize(std::min<std::uint64_t>(n, 1 << 20));
    const ssize_t got = ::pread(in, buffer.data(), buffer.size(), in_at);
    return got <= 0 ? got : ::pwrite(out, buffer.data(), static_cast<std::size_t>(got), out_at);
  }
};

/// Copies what is no hole. 0, or the system's number of what failed.
int copy_data(copying c, std::uint64_t size, const header_change_options& options) {
  bool is_told = false;
  for (std::uint64_t at = 0; at < size;) {
    const off_t data = ::lseek(c.in, static_cast<off_t>(c.from + at), SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // holes to the end
    const off_t hole = data < 0 ? -1 : ::lseek(c.in, data, SEEK_HOLE);
    if (data >= 0) at = static_cast<std::uint64_t>(data) - c.from;
    const std::uint64_t end = hole < 0 ? size : static_cast<std::uint64_t>(hole) - c.from;
    while (at < end) {
      const ssize_t n = c.take(at, std::min(piece, end - at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return n == 0 ? EIO : errno;
      at += static_cast<std::uint64_t>(n);
      if (options.progress) options.progress(bytes{at}, bytes{size});
      if (options.after && !is_told) options.after(header_step::copying);
      is_told = true;
    }
  }
  return 0;
}

result<void> write_copy(const target_file& f, int out, std::span<const std::byte> header,
                        const header_change_options& options) {
  const auto failed = [&](int code) {
    return refused_by_system(f.path, "write a new file beside it", code);
  };
  const std::uint64_t from = f.data.size(), data = f.size() - from;
  if (::ftruncate(out, static_cast<off_t>(header.size() + data)) != 0) return failed(errno);
  for (std::size_t at = 0; at < header.size();) {
    const ssize_t n = ::pwrite(out, header.data() + at, header.size() - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed(n == 0 ? EIO : errno);
    at += static_cast<std::size_t>(n);
  }
  if (const int code = copy_data({f.file.get(), out, from, header.size()}, data, options))
    return failed(code);
  if (::fsync(out) != 0) return failed(errno);
  struct stat now {};
  if (::fstat(f.file.get(), &now) != 0 || now.st_size != f.info.st_size ||
      now.st_mtim.tv_sec != f.info.st_mtim.tv_sec || now.st_mtim.tv_nsec != f.info.st_mtim.tv_nsec)
    return error{errc::io, f.path + ": changes while it is copied"};
  std::vector<std::byte> written(header.size());
  if (::pread(out, written.data(), written.size(), 0) != std::ssize(written) ||
      !std::equal(header.begin(), header.end(), written.begin()))
    return error{errc::io, f.path + ": the copy beside it has another header: it is removed again"};
  const auto before = data_samples(f, f.file.get(), from, f.size());
  const auto after = data_samples(f, out, header.size(), header.size() + data);
  if (!before) return before.error();
  if (!after) return after.error();
  if (*before != *after)
    return error{errc::io, f.path + ": the copy beside it has other data: it is removed again"};
  return {};
}

/// Whether a copy on this file system takes no room of its own.
bool shares_blocks(const target_file& f) {
  constexpr std::array<std::uint32_t, 3> systems = {BTRFS_SUPER_MAGIC, XFS_SUPER_MAGIC,
                                                    0xca451a4e /* bcachefs */};
  struct statfs system {};
  return ::fstatfs(f.file.get(), &system) == 0 &&
         std::find(systems.begin(), systems.end(), static_cast<std::uint32_t>(system.f_type)) !=
             systems.end();
}

}  // namespace

result<void> replace_by_copy(const target_file& f, std::span<const std::byte> header,
                             const header_change_options& options) {
  const std::string path = f.path + ".header-new";
  struct statvfs disk {};
  const std::uint64_t needed = static_cast<std::uint64_t>(f.info.st_blocks) * 512 + header.size();
  ::unlink(path.c_str());
  if (!shares_blocks(f) && ::statvfs(f.path.c_str(), &disk) == 0 &&
      std::uint64_t{disk.f_bavail} * disk.f_frsize < needed)
    return error{errc::io,
                 fmt::format("{}: a new file beside it takes {} bytes: found {} free on its disk",
                             f.path, needed, std::uint64_t{disk.f_bavail} * disk.f_frsize)};
  // readers of the old file need not wait: it stays as it is
  ::fcntl(f.file.get(), F_SETLEASE, F_UNLCK);
  result<void> done;
  {
    const descriptor out(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, f.info.st_mode & 0777));
    if (!out.is_open()) return refused_by_system(path, "write", errno);
    ::fchmod(out.get(), f.info.st_mode & 0777);
    if (::fchown(out.get(), f.info.st_uid, f.info.st_gid) != 0) errno = 0;  // who may not, keeps it
    done = write_copy(f, out.get(), header, options);
  }
  if (done && ::rename(path.c_str(), f.path.c_str()) != 0)
    done = refused_by_system(f.path, "rename the new file", errno);
  if (!done) {
    ::unlink(path.c_str());
    return done;
  }
  sync_folder_of(f.path);
  if (options.after) options.after(header_step::renamed);
  return {};
}

}  // namespace vrambudget::detail
