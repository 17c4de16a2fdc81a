#include "io/replaced_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "io/regular_file.hpp"
#include "os/descriptor.hpp"

namespace vrambudget::detail {
namespace {

namespace fs = std::filesystem;

/// The file that a link leads to.
std::string target_of(const std::string& path) {
  std::error_code none;
  const fs::path target = fs::canonical(path, none);
  return none ? path : target.string();
}

result<void> write_as_it_is(const std::string& path, std::string_view text) {
  const descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.is_open() || !write_all(file.get(), text))
    return refused_by_system(path, "be written", errno);
  return {};
}

bool is_this_users(const struct stat& file) {
  return S_ISREG(file.st_mode) && file.st_uid == ::geteuid() && file.st_nlink == 1;
}

/// PATH.new, empty and locked. Another process may rename or remove it before it is locked here.
result<descriptor> open_beside(const std::string& path, const std::string& beside, unsigned mode) {
  for (int i = 0; i < 100; ++i) {
    descriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.is_open() && errno != ELOOP) return refused_by_system(path, "be written", errno);
    // a file system without locks has writers of different machines at most
    if (file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
      return error{errc::io, path + ": is being written by another process"};
    struct stat open {}, named {};
    if (::lstat(beside.c_str(), &named) != 0) continue;
    if (file.is_open() && (::fstat(file.get(), &open) != 0 || open.st_ino != named.st_ino ||
                           open.st_dev != named.st_dev))
      continue;
    if (is_this_users(named)) {
      if (::ftruncate(file.get(), 0) == 0) return file;
      return refused_by_system(path, "be written", errno);
    }
    ::unlink(beside.c_str());  // a link, or somebody else's
  }
  return error{errc::io, path + ": cannot be written: " + beside + " is not this user's"};
}

}  // namespace

result<void> replace_file(const std::string& given, std::string_view text, unsigned mode,
                          durability d) {
  struct stat there {};
  if (::stat(given.c_str(), &there) == 0 && !S_ISREG(there.st_mode))
    return write_as_it_is(given, text);
  const std::string path = target_of(given), beside = path + ".new";
  const auto file = open_beside(path, beside, mode);
  if (!file) return file.error();
  const bool lasts = d == durability::lasting;
  if (!write_all(file->get(), text) || (lasts && ::fsync(file->get()) != 0) ||
      ::rename(beside.c_str(), path.c_str()) != 0) {
    const int code = errno;
    ::unlink(beside.c_str());
    return refused_by_system(path, "be written", code);
  }
  if (lasts) sync_folder_of(path);
  return {};
}

void sync_folder_of(const std::string& path) {
  const std::string folder = fs::path(path).parent_path().string();
  const descriptor in(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.is_open()) ::fsync(in.get());
}

void remove_unless_written(const std::string& beside) {
  const descriptor file(::open(beside.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.is_open() && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0) ::unlink(beside.c_str());
}

result<void> make_private_folder(const std::string& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return {};
  const std::string above = fs::path(path).parent_path().string();
  if (!above.empty() && above != path)
    if (const auto ok = make_private_folder(above); !ok) return ok;
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return refused_by_system(path, "be made", errno);
  return {};
}

}  // namespace vrambudget::detail
