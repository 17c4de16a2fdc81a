#include "io/regular_file.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace vrambudget::detail {
namespace {

const char* text_of(entry_kind k) {
  switch (k) {
    case entry_kind::file:
      return "a file";
    case entry_kind::folder:
      return "a directory";
    case entry_kind::pipe:
      return "a pipe";
    case entry_kind::socket:
      return "a socket";
    case entry_kind::device:
    case entry_kind::link:
      break;
  }
  return "a device";
}

}  // namespace

result<regular_file> open_regular(const std::string& path) {
  regular_file f{open_to_read(path)};
  if (!f.file.is_open()) return refused_by_system(path, "open", errno);
  const auto facts = facts_of(f.file.get());
  if (!facts) return refused_by_system(path, "stat", errno);
  if (!facts->is_file())
    return error{errc::io,
                 fmt::format("{}: found {}, expected a file", path, text_of(facts->kind))};
  f.facts = *facts;
  return f;
}

}  // namespace vrambudget::detail
