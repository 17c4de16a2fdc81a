// Commands as a shell reads them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace vrambudget::request::pasted {

using words = std::vector<std::string>;

struct command {
  words all;
  std::size_t line = 0;  ///< of its first word, from 1
};

/// What a line's end means: a command's end, or as in llama-swap's `cmd` no more than a blank.
enum class line_end : bool { ends_command, is_blank };

/// The commands of a text: words without their quotes, without comments and what is redirected. Shells of Unix
/// and Windows are read alike: a backslash stays in C:\models, and quotes nothing but what needs it.
[[nodiscard]] std::vector<command> commands_of(std::string_view text,
                                               line_end = line_end::ends_command);

}  // namespace vrambudget::request::pasted
