#include "io/header/guarded_write.hpp"

#include <fcntl.h>
#include <linux/falloc.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace vrambudget::detail {
namespace {

bool write_part(const header_write& w, std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    const ssize_t n =
        ::pwrite(w.fd, w.header.data() + begin, end - begin, static_cast<off_t>(begin));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (n == 0) errno = EIO;
      return false;
    }
    begin += static_cast<std::uint64_t>(n);
  }
  return true;
}

bool resize(const header_write& w) {
  struct stat now {};
  if (::fstat(w.fd, &now) != 0) return false;
  const auto at = static_cast<off_t>(w.blocks_at), n = static_cast<off_t>(w.n_blocks_bytes);
  if (static_cast<std::uint64_t>(now.st_size) == w.new_size) return true;
  const int how = w.puts_in ? FALLOC_FL_INSERT_RANGE : FALLOC_FL_COLLAPSE_RANGE;
  return ::fallocate(w.fd, how, at, n) == 0;
}

/// Only calls that a process with other threads may make after fork(). 0, or what failed.
int write_all_of(const header_write& w, const std::function<void(header_step)>& after) {
  const auto tell = [&](header_step s) {
    if (after) after(s);
  };
  if (!resize(w)) return errno;
  tell(header_step::resized);
  // what was put in has no room on the disk yet
  if (w.puts_in && w.n_blocks_bytes > 0 &&
      ::fallocate(w.fd, 0, static_cast<off_t>(w.blocks_at), static_cast<off_t>(w.n_blocks_bytes)) !=
          0)
    return errno;
  const std::uint64_t half = w.same + (w.header.size() - w.same) / 2;
  if (!write_part(w, w.same, half)) return errno;
  tell(header_step::half);
  if (!write_part(w, half, w.header.size()) || ::fsync(w.fd) != 0) return errno;
  tell(header_step::written);
  return 0;
}

}  // namespace

int write_guarded(const header_write& w, const std::function<void(header_step)>& after) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();  // what ends a whole group does not end both
    ::_exit(write_all_of(w, after));
  }
  int code = 0, status = 0;
  pid_t ended = -1;
  if (child > 0) do {
      ended = ::waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
  if (ended == child && WIFEXITED(status))
    code = WEXITSTATUS(status);
  else
    code = write_all_of(w, after);
  if (code == EFBIG) {  // told with a signal, too, which would end this process now
    sigset_t too_large;
    ::sigemptyset(&too_large);
    ::sigaddset(&too_large, SIGXFSZ);
    const timespec at_once{};
    ::sigtimedwait(&too_large, nullptr, &at_once);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return code;
}

}  // namespace vrambudget::detail
