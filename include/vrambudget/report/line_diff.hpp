// What differs between two texts, by lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vrambudget {

/// A line of a difference: '-' only in the first text, '+' only in the second, ' ' in both.
struct diff_line {
  char mark = ' ';
  std::string_view text;  ///< of the texts that were compared, without its line feed
};

/// All lines of both texts in order, with as few marked as there can be; where more than 1,000 are marked, or a text has
/// more than 100,000 lines, all between the common beginning and the common end.
/// Source: Myers, An O(ND) Difference Algorithm and Its Variations, 1986
[[nodiscard]] std::vector<diff_line> line_diff(std::string_view a, std::string_view b);

/// The same as a unified difference with three lines around each change, printable; empty: no line differs.
[[nodiscard]] std::string diff_text(std::string_view a, std::string_view b);

}  // namespace vrambudget
