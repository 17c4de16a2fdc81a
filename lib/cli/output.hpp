// What the program writes: on stdout answers, on stderr a line about them. Neither has what a terminal would act on,
// whatever file or server it comes from.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace vrambudget::cli {

/// More than this no error takes, in bytes with its line feed.
inline constexpr std::size_t longest_error = 500;

/// Writes text to stdout as gguf::printable_lines() has it.
/// Errors, as a failure: not_written
void write_out(std::string_view text);

/// The same of a formatted text.
template <class... Args>
void print_out(fmt::format_string<Args...> form, Args&&... args) {
  write_out(fmt::format(form, std::forward<Args>(args)...));
}

/// "vrambudget: " and a note, as one line of stderr.
void tell_user(std::string_view text);

/// A line of stderr that the next one replaces; empty: it goes away. Only where stderr is a terminal.
void show_for_now(std::string_view text);

/// A failure's message in the room that an error's line has behind "vrambudget: ".
[[nodiscard]] std::string error_line(std::string_view message);

}  // namespace vrambudget::cli
