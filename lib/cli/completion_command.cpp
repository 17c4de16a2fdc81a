// Prints completions and the manual page.
#include <fmt/format.h>

#include <memory>

#include "cli.hpp"
#include "described.hpp"
#include "options.hpp"
#include "output.hpp"

namespace vrambudget::cli {

std::function<int()> add_completion(command_options& can, const CLI::App& program) {
  const auto form = std::make_shared<std::string>();
  can.required_text("FORM", *form, "bash, zsh or fish for completions, man for the page");
  return [form, &program]() -> int {
    const auto commands = describe(program);
    const std::string text = *form == "man" ? manual_of(commands) : completion_of(commands, *form);
    if (text.empty()) throw failure{usage, "FORM: " + *form + ": bash, zsh, fish or man"};
    print_out("{}", text);
    return yes;
  };
}

}  // namespace vrambudget::cli
