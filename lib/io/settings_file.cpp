// One writer after the other, each by replace_file().
#include "vrambudget/io/settings_file.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "io/replaced_file.hpp"
#include "os/descriptor.hpp"
#include "os/file_facts.hpp"
#include "os/paths.hpp"

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
  descriptor file = detail::open_or_make(path, 0600);
  if (!file.is_open()) return failed(path, "cannot be opened");
  const auto end = steady_clock::now() + lock_patience;
  while (!detail::lock(file.get())) {
    if ((errno != EWOULDBLOCK && errno != EINTR) || steady_clock::now() > end)
      return failed(path, "cannot be locked");
    std::this_thread::sleep_for(milliseconds(2));
  }
  return file;
}

}  // namespace

result<std::optional<std::string>> read_settings(const std::string& path) {
  const descriptor file = detail::open_to_read(path);
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<std::string>{};
    return failed(path, "cannot be read");
  }
  const auto facts = detail::facts_of(file.get());
  if (!facts) return failed(path, "cannot be read");
  if (!facts->is_file()) return error{errc::io, path + ": is not a file"};
  std::string text;
  for (;;) {
    std::array<char, 65536> part;
    const std::int64_t n = detail::read_some(file.get(), std::as_writable_bytes(std::span(part)));
    if (n < 0) return failed(path, "cannot be read");
    if (n == 0) return std::optional(std::move(text));
    text.append(part.data(), static_cast<std::size_t>(n));
    if (text.size() > settings_limit.count)
      return error{errc::limit, path + ": is larger than 4 MiB, so it is none of ours"};
  }
}

result<void> update_settings(const std::string& path, const settings_change& change) {
  const std::string folder = detail::folder_of(path);
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
