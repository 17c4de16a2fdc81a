#include "output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli.hpp"
#include "failure.hpp"
#include "vrambudget/gguf/printable.hpp"

namespace vrambudget::cli {
namespace {

constexpr std::string_view before = "vrambudget: ";
constexpr std::size_t longest_note = 4000;

/// There is nobody to tell where it fails.
void write_error(const std::string& text) {
  (void)std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

void write_out(std::string_view text) {
  const std::string shown = gguf::printable_lines(text, stdout_style().colour);
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size()) return;
  throw failure{not_written, std::string("the output cannot be written: ") + std::strerror(errno)};
}

void tell_user(std::string_view text) {
  write_error(fmt::format("{}{}\n", before, gguf::printable(text, longest_note)));
}

void show_for_now(std::string_view text) {
  if (!::isatty(STDERR_FILENO)) return;
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
