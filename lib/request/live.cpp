// A process that asks the driver, and the pipe its answer comes through.
#include "live.hpp"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/os/this_system.hpp"

namespace vrambudget::request {
namespace {

namespace json = boost::json;

constexpr unsigned patience_s = 120;  // a context on each of many cards takes seconds

json::object to_json(const live_device& d) {
  json::object o{{"name", d.gpu.name},
                 {"cc", d.gpu.cc},
                 {"n_sm", d.gpu.n_sm},
                 {"total", d.gpu.total.count},
                 {"free", d.gpu.free.count}};
  const auto put = [&](const char* key, const std::optional<bytes>& b) {
    if (b) o[key] = b->count;
  };
  put("reserved", d.reserved);
  put("used_by_others", d.used_by_others);
  put("granularity", d.granularity);
  put("context", d.context);
  return o;
}

live_device from_json(const json::object& o) {
  const auto number = [&](const char* key) { return o.at(key).to_number<std::uint64_t>(); };
  const auto size = [&](const char* key) -> std::optional<bytes> {
    if (!o.contains(key)) return std::nullopt;
    return bytes{number(key)};
  };
  live_device d;
  d.gpu.name = o.at("name").as_string();
  d.gpu.cc = static_cast<std::uint32_t>(number("cc"));
  d.gpu.n_sm = static_cast<std::uint32_t>(number("n_sm"));
  d.gpu.total = {number("total")};
  d.gpu.free = {number("free")};
  d.reserved = size("reserved");
  d.used_by_others = size("used_by_others");
  d.granularity = size("granularity");
  d.context = size("context");
  return d;
}

result<json::object> ask_driver() {
  const auto cuda = load_driver_api();
  if (!cuda) return cuda.error();
  const auto nvml = load_nvml_api();
  const auto all = probe_devices(*cuda, nvml ? &*nvml : nullptr);
  if (!all) return all.error();
  json::array devices;
  for (const live_device& d : *all) devices.push_back(to_json(d));
  json::object answer{{"devices", std::move(devices)}};
  const driver_version version = version_of(*cuda, nvml ? &*nvml : nullptr);
  if (version.driver) answer["driver"] = *version.driver;
  if (version.cuda) answer["cuda"] = *version.cuda;
  return answer;
}

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

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;  // nobody reads any more
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

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
  write_all(fd, json::serialize(answer));
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

device to_device(const live_device& d) {
  device g = d.gpu;
  g.driver_context = driver_context_of(g.cc, this_system());
  if (d.context)
    g.driver_context = {*d.context, *d.context + context_growth(), basis::fitted,
                        "measured on this GPU just now, and the most that one grew by in use on "
                        "another machine"};
  if (d.used_by_others)
    g.others = {*d.used_by_others, *d.used_by_others, basis::fitted,
                "held by others on this GPU just now"};
  return g;
}

result<live_machine> this_machine() {
  const auto answer = in_own_process(ask_driver);
  if (!answer) return answer.error();
  live_machine m;
  const auto text = [&](const char* key, std::optional<std::string>& to) {
    if (const json::value* v = answer->if_contains(key)) to = std::string(v->as_string());
  };
  text("driver", m.version.driver);
  text("cuda", m.version.cuda);
  for (const json::value& d : answer->at("devices").as_array())
    m.devices.push_back(from_json(d.as_object()));
  return m;
}

json::object device_json(std::size_t index, const live_device& d) {
  json::object o{{"id", fmt::format("CUDA{}", index)},
                 {"gpu", d.gpu.name},
                 {"compute_capability", fmt::format("{}.{}", d.gpu.cc / 100, d.gpu.cc / 10 % 10)},
                 {"sm_count", d.gpu.n_sm},
                 {"total_bytes", d.gpu.total.count},
                 {"free_bytes", d.gpu.free.count}};
  const auto size = [&](const char* key, const std::optional<bytes>& b) {
    if (b) o[key] = b->count;
  };
  size("used_by_others_bytes", d.used_by_others);
  size("reserved_bytes", d.reserved);
  size("driver_context_bytes", d.context);
  size("granularity_bytes", d.granularity);
  return o;
}

json::object devices_json(const std::vector<live_device>& all) {
  json::array devices;
  for (std::size_t i = 0; i < all.size(); ++i) devices.push_back(device_json(i, all[i]));
  return {{"devices", std::move(devices)}};
}

}  // namespace vrambudget::request
