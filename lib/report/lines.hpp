// Lines of text that have room for so many columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vrambudget {

/// Columns that a text takes: characters of UTF-8, without a terminal's escape sequences.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// One line broken at blanks into those of at most `width` columns; all but the first begin with `indent` blanks. A
/// word that is longer stays whole.
[[nodiscard]] std::vector<std::string> broken(std::string_view line, std::size_t width,
                                              std::size_t indent = 0);

/// `left` at the beginning of a line, and `right` at its end, or where that has no room, at the end of the next one.
[[nodiscard]] std::string with_both_ends(std::string left, std::string_view right,
                                         std::size_t width);

/// A text whose lines are broken where they are too long, further in than they begin.
[[nodiscard]] std::string with_broken_lines(std::string_view text, std::size_t width);

}  // namespace vrambudget
