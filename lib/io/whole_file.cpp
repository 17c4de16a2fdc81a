#include "vrambudget/io/whole_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "io/regular_file.hpp"

namespace vrambudget {

result<std::string> read_whole_file(const std::string& path, bytes most) {
  auto opened = detail::open_regular(path);
  if (!opened) return opened.error();
  const auto too_large = [&](const std::string& has) {
    return error{errc::limit, fmt::format("{}: has {} bytes, expected at most {}", path, has, most.count)};
  };
  const auto size = opened->facts.size;
  if (bytes{size} > most) return too_large(std::to_string(size));
  std::string text;
  // one byte more than it had, to see its end; some that the system makes up say that they have none
  for (std::uint64_t step = size + 1;; step = 65536) {
    const std::size_t n = text.size();
    text.resize(n + step);
    const std::int64_t got = detail::read_some(
        opened->file.get(), std::as_writable_bytes(std::span(text.data() + n, step)));
    text.resize(n + static_cast<std::size_t>(std::max<std::int64_t>(got, 0)));
    if (got < 0) return detail::refused_by_system(path, "read", errno);
    if (got == 0) return text;
    if (bytes{text.size()} > most) return too_large("more than " + std::to_string(most.count));
  }
}

}  // namespace vrambudget
