// What the program can be told, as values: completions for shells and the manual page are made of it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace vrambudget::cli {

struct described_option {
  std::vector<std::string>
      names;          ///< "-c", "--ctx-size", "-ctk"; one without dashes goes by position
  std::string shown;  ///< what stands for its value; empty: it has none
  std::string help, group;
  std::vector<std::string> words;  ///< what its value can be, where that is known

  [[nodiscard]] bool is_positional() const { return names.front().front() != '-'; }
};

struct described_command {
  std::string name, help;
  std::vector<described_option> options;
};

[[nodiscard]] described_command describe_command(const CLI::App& command);

/// The commands of a program and their options, in the order of its help.
[[nodiscard]] std::vector<described_command> describe(const CLI::App& program);

/// What a shell sources to complete command lines. `shell`: bash, zsh or fish; else nothing.
[[nodiscard]] std::string completion_of(const std::vector<described_command>& commands,
                                        const std::string& shell);

/// The manual page, for man.
[[nodiscard]] std::string manual_of(const std::vector<described_command>& commands);

}  // namespace vrambudget::cli
