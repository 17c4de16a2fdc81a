// Prints completions and the manual page.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli.hpp"
#include "described.hpp"

namespace vrambudget::cli {

std::function<int()> add_completion(CLI::App& app, const CLI::App& program) {
  const auto form = std::make_shared<std::string>();
  app.add_option("FORM", *form, "bash, zsh or fish for completions, man for the page")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "man"}));
  return [form, &program] {
    const auto commands = describe(program);
    fmt::print("{}", *form == "man" ? manual_of(commands) : completion_of(commands, *form));
    return 0;
  };
}

}  // namespace vrambudget::cli
