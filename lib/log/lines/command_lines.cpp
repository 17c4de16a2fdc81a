// The command line that a log shows.
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "log_line_reader.hpp"

namespace vrambudget {

using namespace detail;

/// The program, and the arguments behind its name: "llama-server -m model.gguf -c 8192".
void log_line_reader::read_command(std::string_view line) {
  if (log_.program.empty()) {
    if (line.find("ollama") != line.npos && line.find("source=") != line.npos)
      log_.program = "ollama";
    if (line.find("Welcome to KoboldCpp") != line.npos) log_.program = "koboldcpp";
  }
  if (!log_.args.empty()) return;
  constexpr std::string_view programs[] = {"llama-server",        "llama-cli",
                                           "llama-bench",         "ollama runner",
                                           "ollama_llama_server", "llama-perplexity"};
  // journald names the program before, too: "host llama-server[991]: llama-server -c 8192"
  constexpr int few_names = 4;
  for (const std::string_view program : programs) {
    std::size_t at = line.find(program);
    for (int n = 0; n < few_names && at != line.npos; ++n, at = line.find(program, at + 1)) {
      std::string_view rest = line.substr(at + program.size());
      if (rest.starts_with(".exe")) rest.remove_prefix(4);
      if (rest.starts_with(" runner")) rest.remove_prefix(7);
      while (rest.starts_with(" ")) rest.remove_prefix(1);
      if (!rest.starts_with("-")) continue;
      return read_arguments(rest, line.find("cmd=\"") < at);
    }
  }
}

/// Words as a shell takes them apart. `quoted`: all of it stands in double quotes, which end it.
void log_line_reader::read_arguments(std::string_view text, bool quoted) {
  std::string word;
  char quote = 0;
  bool open = false;  // the word had quotes: it is one even if it is empty
  const auto end_word = [&] {
    if (open || !word.empty()) keep(log_.args, std::move(word));
    word.clear();
    open = false;
  };
  for (const char c : text) {
    if (quote) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      if (c == '"' && !open && word.empty() && log_.program == "ollama") break;
      if (c == '"' && quoted) break;
      quote = c;
      open = true;
    } else if (c == ' ') {
      end_word();
    } else {
      word += c;
    }
  }
  end_word();
}

}  // namespace vrambudget
