// Locks, a temporary file beside the real one, fsync and rename.
#include "vrambudget/io/settings_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "os/descriptor.hpp"

namespace vrambudget {
namespace {

namespace fs = std::filesystem;
using detail::descriptor;
using detail::write_all;

error failed(const std::string& path, const std::string& what) {
  return {errc::io, path + ": " + what + ": " + std::strerror(errno)};
}

result<void> replace(const std::string& path, std::string_view text) {
  std::string beside = path + ".XXXXXX";
  const descriptor file(::mkostemp(beside.data(), O_CLOEXEC));
  if (!file.is_open()) return failed(path, "cannot be written");
  if (!write_all(file.get(), text) || ::fsync(file.get()) != 0 ||
      ::rename(beside.c_str(), path.c_str()) != 0) {
    const error e = failed(path, "cannot be written");
    ::unlink(beside.c_str());
    return e;
  }
  const std::string folder = fs::path(path).parent_path().string();
  const descriptor in(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.is_open()) ::fsync(in.get());  // the new name; not every file system can
  return {};
}

/// The file that a link leads to.
std::string target_of(const std::string& path) {
  std::error_code none;
  const fs::path target = fs::canonical(path, none);
  return none ? path : target.string();
}

}  // namespace

result<std::optional<std::string>> read_settings(const std::string& path) {
  const descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>{};
    return failed(path, "cannot be read");
  }
  struct stat s {};
  if (::fstat(file.get(), &s) != 0) return failed(path, "cannot be read");
  if (!S_ISREG(s.st_mode)) return error{errc::io, path + ": is not a file"};
  std::string text;
  for (;;) {
    char part[65536];
    const ssize_t n = ::read(file.get(), part, sizeof(part));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(path, "cannot be read");
    if (n == 0) return std::optional(std::move(text));
    text.append(part, static_cast<std::size_t>(n));
    if (text.size() > settings_limit.count)
      return error{errc::limit, path + ": is larger than 4 MiB, so it is none of ours"};
  }
}

result<void> update_settings(const std::string& path, const settings_change& change) {
  std::error_code no_folder;
  const fs::path folder = fs::path(path).parent_path();
  if (!folder.empty()) fs::create_directories(folder, no_folder);
  if (no_folder)
    return error{errc::io, folder.string() + ": cannot be made: " + no_folder.message()};

  const std::string lock_path = path + ".lock";
  const descriptor lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return failed(lock_path, "cannot be opened");
  while (::flock(lock.get(), LOCK_EX) != 0)
    if (errno != EINTR) return failed(lock_path, "cannot be locked");

  const std::string target = target_of(path);
  const auto present = read_settings(target);
  if (!present) return present.error();
  const auto text = change(*present);
  if (!text) return text.error();
  if (*present == *text) return {};
  return replace(target, *text);
}

}  // namespace vrambudget
