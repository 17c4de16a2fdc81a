// What the program's streams lead to, and how it is told its words.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace vrambudget::detail {

/// The arguments behind the program's name, in UTF-8.
[[nodiscard]] std::vector<std::string> arguments_of(int argc, char** argv);

/// What is opened later is none of the three that are closed, and a limit of a file's size is told as a full disk is.
/// Streams take texts as they are.
void prepare_streams();

[[nodiscard]] bool is_terminal(std::FILE* stream);

/// Columns of the terminal that stdout is; 0: it says nothing.
[[nodiscard]] std::size_t terminal_columns();

/// Whether the terminal that stdout is has colours.
[[nodiscard]] bool has_colours();

/// Whether stdout takes characters of UTF-8, by what this process was told.
[[nodiscard]] bool takes_utf8();

/// Writes all of it, on a terminal with colours by escape sequences.
[[nodiscard]] bool write_text(std::FILE* stream, std::string_view text);

}  // namespace vrambudget::detail
