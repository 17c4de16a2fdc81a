#include "os/replacing.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "os/refused.hpp"

namespace vrambudget::detail {
namespace {

bool is_this_users(const struct stat& file) {
  return S_ISREG(file.st_mode) && file.st_uid == ::geteuid() && file.st_nlink == 1;
}

}  // namespace

/// Another process may rename or remove it before it is locked here.
result<descriptor> open_beside(const std::string& path, const std::string& beside, unsigned mode) {
  for (int i = 0; i < 100; ++i) {
    descriptor file = open_or_make(beside, mode);
    if (!file.is_open() && errno != ELOOP) return refused_by_system(path, "be written", errno);
    // a file system without locks has writers of different machines at most
    if (file.is_open() && !lock(file.get()) && errno == EWOULDBLOCK)
      return error{errc::io, path + ": is being written by another process"};
    struct stat open {}, named {};
    if (::lstat(beside.c_str(), &named) != 0) continue;
    if (file.is_open() && (::fstat(file.get(), &open) != 0 || open.st_ino != named.st_ino ||
                           open.st_dev != named.st_dev))
      continue;
    if (is_this_users(named)) {
      if (resize(file.get(), 0)) return file;
      return refused_by_system(path, "be written", errno);
    }
    remove_file(beside);  // a link, or somebody else's
  }
  return error{errc::io, path + ": cannot be written: " + beside + " is not this user's"};
}

// locks are kept meanwhile
bool take_name(descriptor&, const std::string& beside, const std::string& path) {
  return rename_file(beside, path);
}

bool take_name_of(descriptor&, descriptor&, const std::string& beside, const std::string& path) {
  return rename_file(beside, path);
}

void sync_folder_of(const std::string& path) {
  const std::string folder = folder_of(path);
  const descriptor in(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_CLOEXEC));
  if (in.is_open()) (void)flush(in.get());
}

void remove_unless_written(const std::string& beside) {
  const descriptor file(::open(beside.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (file.is_open() && lock(file.get())) remove_file(beside);
}

}  // namespace vrambudget::detail
