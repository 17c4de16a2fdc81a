#include "output.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli.hpp"
#include "failure.hpp"
#include "os/terminal.hpp"
#include "vrambudget/gguf/printable.hpp"

namespace vrambudget::cli {
namespace {

constexpr std::string_view before = "vrambudget: ";
constexpr std::size_t longest_note = 4000;

/// There is nobody to tell where it fails.
void write_error(const std::string& text) {
  (void)detail::write_text(stderr, text);
  std::fflush(stderr);
}

}  // namespace

void write_out(std::string_view text) {
  const std::string shown = gguf::printable_lines(text, stdout_style().colour);
  if (detail::write_text(stdout, shown)) return;
  throw failure{not_written, std::string("the output cannot be written: ") + std::strerror(errno)};
}

void tell_user(std::string_view text) {
  write_error(fmt::format("{}{}\n", before, gguf::printable(text, longest_note)));
}

void show_for_now(std::string_view text) {
  if (!detail::is_terminal(stderr)) return;
  write_error("\r\x1b[K" + gguf::printable(text));
}

std::string error_line(std::string_view message) {
  constexpr std::string_view cut = "...";
  constexpr std::size_t room = longest_error - before.size() - 1;
  std::string line = gguf::printable(message, room + 1);
  if (line.size() > room) line = gguf::printable(line, room - cut.size()) + std::string(cut);
  return line;
}

}  // namespace vrambudget::cli
