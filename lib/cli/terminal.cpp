// What stdout is, and text on it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <string_view>

#include "cli.hpp"
#include "os/terminal.hpp"
#include "output.hpp"
#include "report/lines.hpp"

namespace vrambudget::cli {
namespace {

/// Columns of the terminal that stdout is: what the user says there are, else what it says itself. Absent: it is
/// none, or says nothing.
std::optional<std::size_t> terminal_width() {
  constexpr std::size_t least = 40, most = 240;
  if (!detail::is_terminal(stdout)) return std::nullopt;
  const char* const columns = std::getenv("COLUMNS");
  const std::string_view told = columns ? columns : "";
  std::size_t n = 0;
  std::from_chars(told.data(), told.data() + told.size(), n);
  if (n == 0) n = detail::terminal_columns();
  if (n == 0) return std::nullopt;
  return std::clamp(n, least, most);
}

}  // namespace

text_style stdout_style(bool explain) {
  text_style s{.unicode = detail::takes_utf8(), .explain = explain};
  s.colour = detail::is_terminal(stdout) && !std::getenv("NO_COLOR") && detail::has_colours();
  s.width = terminal_width().value_or(s.width);
  return s;
}

void print_text(std::string text, const std::vector<std::string>& notes) {
  for (const std::string& n : notes) text += "note: " + n + "\n";
  const std::optional<std::size_t> width = terminal_width();
  print_out("{}", width ? with_broken_lines(text, *width) : text);
}

}  // namespace vrambudget::cli
