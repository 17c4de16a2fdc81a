// What is said of words that a command does not know.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace vrambudget::cli {

/// A line that names them in the order in which they were typed, each option with what may be meant.
[[nodiscard]] std::string unknown_words(const CLI::App& command,
                                        const std::vector<std::string>& all);

}  // namespace vrambudget::cli
