#include "os/two_processes.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace vrambudget::detail {
namespace {

/// A limit of a file's size is told with a signal, too, which would end this process once signals are let in.
void take_signal_of_limit() {
  sigset_t waiting, too_large;
  sigemptyset(&too_large);
  sigaddset(&too_large, SIGXFSZ);
  int taken = 0;
  if (::sigpending(&waiting) == 0 && sigismember(&waiting, SIGXFSZ) == 1)
    ::sigwait(&too_large, &taken);
}

}  // namespace

int done_by_either(const std::function<int()>& work) {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();  // what ends a whole group does not end both
    ::_exit(work());
  }
  int code = 0, status = 0;
  pid_t ended = -1;
  if (child > 0) do {
      ended = ::waitpid(child, &status, 0);
    } while (ended < 0 && errno == EINTR);
  if (ended == child && WIFEXITED(status))
    code = WEXITSTATUS(status);
  else
    code = work();
  if (code == EFBIG) take_signal_of_limit();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return code;
}

}  // namespace vrambudget::detail
