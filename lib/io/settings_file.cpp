// One writer after the other, each by replace_file().
#include "vrambudget/io/settings_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>
#include <utility>

#include "io/replaced_file.hpp"
#include "os/descriptor.hpp"

namespace vrambudget {
namespace {

using detail::descriptor;

constexpr std::chrono::seconds lock_patience(10);

error failed(const std::string& path, const std::string& what) {
  return {errc::io, path + ": " + what + ": " + std::strerror(errno)};
}

/// Other writers are through in milliseconds; one that has stopped is not waited for.
result<descriptor> locked(const std::string& path) {
  using namespace std::chrono;
  descriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock.is_open()) return failed(path, "cannot be opened");
  const auto end = steady_clock::now() + lock_patience;
  while (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || steady_clock::now() > end)
      return failed(path, "cannot be locked");
    std::this_thread::sleep_for(milliseconds(2));
  }
  return lock;
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
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (!folder.empty())
    if (const auto ok = detail::make_private_folder(folder); !ok) return ok.error();
  const auto lock = locked(path + ".lock");
  if (!lock) return lock.error();
  const auto present = read_settings(path);
  if (!present) return present.error();
  const auto text = change(*present);
  if (!text) return text.error();
  if (*present == *text) return {};
  return detail::replace_file(path, *text, 0600);
}

}  // namespace vrambudget
