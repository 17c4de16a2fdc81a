// A process that works, and the pipe its text comes through.
#include "os/own_process.hpp"

#include <fmt/format.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "os/descriptor.hpp"

namespace vrambudget::detail {
namespace {

volatile std::sig_atomic_t caught = 0;  // the last signal that asked for an end
volatile pid_t worker = 0;              // 0: this is the worker

void catch_signal(int s) {
  const int errno_before = errno;
  caught = s;
  if (worker > 0) ::kill(worker, s);
  errno = errno_before;
}

constexpr std::array ends_us = {SIGINT, SIGTERM};

/// Holds SIGINT and SIGTERM back until both processes are ready for them.
class signals {
 public:
  signals() {
    sigset_t both;
    sigemptyset(&both);
    for (const int s : ends_us) sigaddset(&both, s);
    ::sigprocmask(SIG_BLOCK, &both, &mask_before_);
  }
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  void handle(pid_t child) {
    worker = child;
    caught = 0;
    struct sigaction ours = {};
    ours.sa_handler = catch_signal;
    for (std::size_t i = 0; i < ends_us.size(); ++i) ::sigaction(ends_us[i], &ours, &before_[i]);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  }
  /// As it was; ends the process if it was asked to end.
  void restore() {
    worker = 0;
    for (std::size_t i = 0; i < ends_us.size(); ++i) ::sigaction(ends_us[i], &before_[i], nullptr);
    if (caught != 0) std::raise(caught);
  }
  void release() { ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr); }

 private:
  sigset_t mask_before_{};
  std::array<struct sigaction, ends_us.size()> before_{};
};

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const std::int64_t n = read_some(fd, std::as_writable_bytes(std::span(buffer)));
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

[[noreturn]] void work_and_end(int fd, pid_t parent, const std::function<std::string()>& work,
                               unsigned patience_s) {
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
  if (::getppid() != parent) ::_exit(1);
  ::alarm(patience_s);
  (void)write_all(fd, work());  // perhaps nobody reads any more
  ::_exit(0);
}

std::string how_it_ended(int status, unsigned patience_s, const char* who) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return fmt::format("{} did not answer within {} s", who, patience_s);
  if (WIFSIGNALED(status))
    return fmt::format("{} ended its process: {}", who, ::strsignal(WTERMSIG(status)));
  return fmt::format("{} ended its process", who);
}

}  // namespace

bool is_interrupted() { return caught != 0; }

result<std::string> text_of_own_process(const std::function<std::string()>& work,
                                        unsigned patience_s, const char* who) {
  std::array<int, 2> ends{};
  const auto failed = [](const char* call) {
    return error{errc::io, fmt::format("{}: {}", call, std::strerror(errno))};
  };
  if (::pipe(ends.data()) != 0) return failed("pipe");
  descriptor reading(ends[0]), writing(ends[1]);
  signals both;
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) {
    const error e = failed("fork");
    both.release();
    return e;
  }
  if (child == 0) {
    reading.close();
    both.handle(0);
    work_and_end(writing.get(), parent, work, patience_s);
  }
  both.handle(child);
  writing.close();
  std::string text = read_all(reading.get());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  both.restore();
  if (text.empty()) return error{errc::io, how_it_ended(status, patience_s, who)};
  return text;
}

}  // namespace vrambudget::detail
