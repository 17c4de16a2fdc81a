// `vrambudget batch`: questions as lines of JSON on standard input, answers as lines on standard output.
#include "batch_answers.hpp"

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

#include "cli.hpp"
#include "options.hpp"
#include "output.hpp"

namespace vrambudget::cli {
namespace {

constexpr std::uint32_t usually_kept = 64;

enum class line_end { whole, too_long, none };

/// Reads up to a line's end or the text's, and keeps no more than the longest question.
line_end read_line(std::string& line) {
  line.clear();
  bool is_long = false;
  for (int c = std::getc(stdin); c != EOF; c = std::getc(stdin)) {
    if (c == '\n') return is_long ? line_end::too_long : line_end::whole;
    is_long = is_long || line.size() == longest_question;
    if (!is_long) line.push_back(static_cast<char>(c));
  }
  if (std::ferror(stdin))
    throw failure{bad_input, std::string("standard input: cannot read: ") + std::strerror(errno)};
  if (is_long) return line_end::too_long;
  return line.empty() ? line_end::none : line_end::whole;
}

void answer_line(const std::string& text) {
  print_out("{}\n", text);
  if (std::fflush(stdout) != 0)
    throw failure{not_written,
                  std::string("the output cannot be written: ") + std::strerror(errno)};
}

int run_batch(std::uint32_t n_kept) {
  batch_answers answers(n_kept);
  std::string line;
  std::uint64_t number = 0;
  for (line_end end; (end = read_line(line)) != line_end::none;) {
    ++number;
    if (end == line_end::too_long)
      answer_line(batch_answers::refuse_long(number));
    else if (line.find_first_not_of(" \t\r") != line.npos)
      answer_line(answers.answer(line, number));
  }
  return yes;
}

}  // namespace

std::function<int()> add_batch(command_options& can) {
  auto n_kept = std::make_shared<std::uint32_t>(usually_kept);
  can.number("--keep", *n_kept, "N", "models that stay loaded, those asked for last [64]");
  return [n_kept] { return run_batch(*n_kept); };
}

}  // namespace vrambudget::cli
