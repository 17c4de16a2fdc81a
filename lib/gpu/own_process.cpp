// A process that works, and the pipe its answer comes through.
#include "own_process.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

#include "os/descriptor.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr unsigned patience_s = 120;  // a context on each of many cards takes seconds

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
    ::sigemptyset(&both);
    for (const int s : ends_us) ::sigaddset(&both, s);
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
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

[[noreturn]] void work_and_end(int fd, pid_t parent,
                               const std::function<result<json::object>()>& work) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::alarm(patience_s);
  json::object answer;
  try {
    if (auto r = work())
      answer = std::move(*r);
    else
      answer = {{"error", r.error().message}, {"code", static_cast<int>(r.error().code)}};
  } catch (const std::exception& e) {
    answer["error"] = e.what();
  }
  (void)detail::write_all(fd, json::serialize(answer));  // perhaps nobody reads any more
  ::_exit(0);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return fmt::format("the GPU driver did not answer within {} s", patience_s);
  if (WIFSIGNALED(status))
    return fmt::format("the GPU driver ended its process: {}", ::strsignal(WTERMSIG(status)));
  return "the GPU driver ended its process";
}

}  // namespace

bool is_interrupted() { return caught != 0; }

result<json::object> in_own_process(const std::function<result<json::object>()>& work) {
  std::array<int, 2> ends{};
  const auto failed = [](const char* call) {
    return error{errc::io, fmt::format("{}: {}", call, std::strerror(errno))};
  };
  if (::pipe(ends.data()) != 0) return failed("pipe");
  signals both;
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) {
    const error e = failed("fork");
    both.release();
    ::close(ends[0]);
    ::close(ends[1]);
    return e;
  }
  if (child == 0) {
    ::close(ends[0]);
    both.handle(0);
    work_and_end(ends[1], parent, work);
  }
  both.handle(child);
  ::close(ends[1]);
  const std::string text = read_all(ends[0]);
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  both.restore();
  boost::system::error_code cut;
  json::value answer = json::parse(text, cut);
  if (cut || !answer.is_object()) return error{errc::io, how_it_ended(status)};
  if (const json::value* e = answer.as_object().if_contains("error")) {
    const json::value* code = answer.as_object().if_contains("code");
    return error{code ? static_cast<errc>(code->to_number<int>()) : errc::io,
                 std::string(e->as_string())};
  }
  return std::move(answer.as_object());
}

}  // namespace vrambudget
