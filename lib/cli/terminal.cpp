// What stdout is, and text on it.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "cli.hpp"
#include "output.hpp"
#include "report/lines.hpp"

namespace vrambudget::cli {
namespace {

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value ? value : "";
}

/// Columns of the terminal that stdout is: what the user says there are, else what it says itself. Absent: it is
/// none, or says nothing.
std::optional<std::size_t> terminal_width() {
  constexpr std::size_t least = 40, most = 240;
  if (!isatty(STDOUT_FILENO)) return std::nullopt;
  const std::string_view told = variable("COLUMNS");
  std::size_t n = 0;
  std::from_chars(told.data(), told.data() + told.size(), n);
  winsize size = {};
  if (n == 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) n = size.ws_col;
  if (n == 0) return std::nullopt;
  return std::clamp(n, least, most);
}

/// Whether the locale's characters are UTF-8, by the first of POSIX's variables that says something.
bool is_utf8() {
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale = variable(name); !locale.empty()) break;
  std::string letters;
  for (const char c : locale.substr(std::min(locale.find('.'), locale.size())))
    if (c != '-') letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return letters.starts_with(".utf8");
}

}  // namespace

text_style stdout_style(bool explain) {
  const std::string_view term = variable("TERM");
  text_style s{.unicode = is_utf8(), .explain = explain};
  s.colour = isatty(STDOUT_FILENO) && !std::getenv("NO_COLOR") && !term.empty() && term != "dumb";
  s.width = terminal_width().value_or(s.width);
  return s;
}

void print_text(std::string text, const std::vector<std::string>& notes) {
  for (const std::string& n : notes) text += "note: " + n + "\n";
  const std::optional<std::size_t> width = terminal_width();
  print_out("{}", width ? with_broken_lines(text, *width) : text);
}

}  // namespace vrambudget::cli
