// The options of llama-server, llama-cli and llama-bench that are no rows of the table of options: pasted
// command lines have them, plans do not heed them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vrambudget::request {

/// Such an option, by all its names: "-t,--threads".
struct server_word {
  std::string_view names;
  std::size_t n_values = 0;
  std::string_view not_modelled = {};  ///< what of memory is not counted; empty: it moves none
};

/// All of them.
[[nodiscard]] std::span<const server_word> server_words();

/// The word that has this name; null: none.
[[nodiscard]] const server_word* find_server_word(std::string_view name);

/// A command line without these words.
struct heeded_line {
  std::vector<std::string> args;
  std::vector<std::string> notes;  ///< of what is not modelled
};

/// Leaves them and their values out, and writes those that name a model as MODEL. A whole command, at the beginning
/// or behind "--", with variables in front or in a container, becomes its options: see find_runs(). What is neither
/// theirs nor known stays, for whoever reads the rest.
[[nodiscard]] heeded_line without_server_words(const std::vector<std::string>& args);

}  // namespace vrambudget::request
