#include "io/header/target_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <utility>

#include "os/file_users.hpp"
#include "vrambudget/io/header_change.hpp"

namespace vrambudget::detail {
namespace {

namespace fs = std::filesystem;

/// Hugging Face's and Ollama's caches keep files in blobs/, named by their hashes.
bool is_named_by_hash(const fs::path& path) { return path.parent_path().filename() == "blobs"; }

/// Nobody else may have it open, and who opens it now waits until this process is done.
result<void> take_alone(const target_file& f) {
  const int fd = f.file.get();
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return error{errc::io, f.path + ": is locked by another process"};
  ::fcntl(fd, F_SETSIG, SIGURG);  // which nobody ends of: that somebody waits
  const bool is_leased = ::fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
  const bool is_open_elsewhere = !is_leased && errno == EAGAIN;
  if (is_leased) return {};
  // file systems without leases, and other users' files: as far as can be seen
  const std::string user = other_user_of(f.info);
  if (!is_open_elsewhere && user.empty()) return {};
  return error{errc::io, fmt::format("{}: is open in {}: end it first", f.path,
                                     user.empty() ? "this or another process" : user)};
}

}  // namespace

result<target_file> open_target(const std::string& path, bool force) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  if (!real) return refused_by_system(path, "open", errno);
  if (is_named_by_hash(real.get()) && !force)
    return error{
        errc::invalid_argument,
        fmt::format("{}: its name is the hash of its content, in a cache of another program: "
                    "change a copy elsewhere, or --force",
                    real.get())};
  target_file f{real.get(),
                descriptor(::open(real.get(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK))};
  if (!f.file.is_open()) return refused_by_system(f.path, "open for writing", errno);
  if (::fstat(f.file.get(), &f.info) != 0) return refused_by_system(f.path, "stat", errno);
  if (!S_ISREG(f.info.st_mode)) return error{errc::io, f.path + ": is no file"};
  if (const auto alone = take_alone(f); !alone) return alone.error();
  return f;
}

result<std::vector<std::byte>> read_at(const target_file& f, std::uint64_t offset,
                                       std::uint64_t size) {
  std::vector<std::byte> data(size);
  const ssize_t got = read_at(f.file.get(), data, offset);
  if (got < 0) return refused_by_system(f.path, "read", errno);
  data.resize(static_cast<std::size_t>(got));
  return data;
}

result<void> read_header(target_file& f) {
  f.header.reset();
  if (::fstat(f.file.get(), &f.info) != 0) return refused_by_system(f.path, "stat", errno);
  for (std::uint64_t wanted = 1 << 20;;) {
    auto data = read_at(f, 0, std::min(wanted, f.size()));
    if (!data) return data.error();
    f.data = std::move(*data);
    const auto extent = gguf::header_extent(f.data);
    if (!extent) return in_context(f.path, extent.error());
    if (*extent <= f.data.size() || f.data.size() == f.size()) break;
    wanted = std::max(*extent, wanted * 2);
  }
  auto header = gguf::parse(f.data, {.file_size = bytes{f.size()}});
  if (!header) return in_context(f.path, header.error());
  const std::uint64_t data_offset = header->data_offset();
  if (bytes{data_offset} > gguf::max_header)
    return error{errc::limit, fmt::format("{}: its data begin at byte {}, expected at most {}",
                                          f.path, data_offset, gguf::max_header.count)};
  if (data_offset > f.data.size()) {
    auto padding = read_at(f, f.data.size(), data_offset - f.data.size());
    if (!padding) return padding.error();
    // may move what the header looks at
    f.data.insert(f.data.end(), padding->begin(), padding->end());
    header = gguf::parse(f.data, {.file_size = bytes{f.size()}});
    if (!header) return in_context(f.path, header.error());
  }
  f.data.resize(data_offset);
  f.header = std::move(*header);
  struct stat now {};
  if (::fstat(f.file.get(), &now) != 0 || now.st_size != f.info.st_size ||
      now.st_mtim.tv_sec != f.info.st_mtim.tv_sec || now.st_mtim.tv_nsec != f.info.st_mtim.tv_nsec)
    return error{errc::io, f.path + ": changes while it is read"};
  return {};
}

result<std::vector<std::byte>> data_samples(const target_file& f, int fd, std::uint64_t data_offset,
                                            std::uint64_t size) {
  constexpr std::uint64_t n_samples = 64, block = 4096;
  std::vector<std::byte> all;
  const std::uint64_t data = size - data_offset;
  for (std::uint64_t i = 0; i < n_samples; ++i) {
    const std::uint64_t at = data > block ? (data - block) / (n_samples - 1) * i : 0;
    const std::uint64_t n = std::min(block, data - at);
    const std::size_t begin = all.size();
    all.resize(begin + n);
    const ssize_t got = read_at(fd, std::span(all).subspan(begin), data_offset + at);
    if (got < 0 || static_cast<std::uint64_t>(got) != n)
      return refused_by_system(f.path, "read", got < 0 ? errno : EIO);
  }
  return all;
}

}  // namespace vrambudget::detail
