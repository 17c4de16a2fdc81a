#include "os/sole_use.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>

#include <cerrno>

#include "os/descriptor.hpp"
#include "os/linux/file_users.hpp"

namespace vrambudget::detail {

result<void> take_alone(const std::string& path, int fd) {
  if (!lock(fd) && errno == EWOULDBLOCK)
    return error{errc::io, path + ": is locked by another process"};
  ::fcntl(fd, F_SETSIG, SIGURG);  // which nobody ends of: that somebody waits
  const bool is_leased = ::fcntl(fd, F_SETLEASE, F_WRLCK) == 0;
  const bool is_open_elsewhere = !is_leased && errno == EAGAIN;
  if (is_leased) return {};
  // file systems without leases, and other users' files: as far as can be seen
  struct stat file {};
  const std::string user = ::fstat(fd, &file) == 0 ? other_user_of(file) : std::string();
  if (!is_open_elsewhere && user.empty()) return {};
  return error{errc::io, fmt::format("{}: is open in {}: end it first", path,
                                     user.empty() ? "this or another process" : user)};
}

void let_others_read(int fd) { ::fcntl(fd, F_SETLEASE, F_UNLCK); }

}  // namespace vrambudget::detail
