// Questions as lines of JSON, each answered with one line: for programs that ask many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "loaded_models.hpp"

namespace vrambudget::cli {

/// No line of a question is longer; a text of a log is the longest that there is.
inline constexpr std::size_t longest_question = std::size_t{4} << 20;

/// Answers questions, one at a time. A question is an object: the options of a plan (request_json.hpp), and
///   "id"       whatever its answer shall have, too
///   "do"       "plan" (absent: this), "max_context", "emit", "rank", "cards", "best", "trade", "compare", "together",
///              "recipe", "inspect", "template", "gpus", "models", "paste", "check", "sweep"
///   "limit"    of max_context: tokens      "program"  of emit          "family", "min_ctx"  of rank
///   "models"   of compare, together, sweep: names
///   "recipe"   of recipe: as read_recipe_request() has it
///   "other", "keys"  of inspect            "name"     of gpus, models
///   "text"     of paste, check: what was pasted, the log; "build" of check
///   "grid"     of sweep: as sweep_request_of() has it, at most 100,000 points
/// The answer is {"id", "answer": what the program prints with --json}, or {"id", "error": {"code", "message"}}; without
/// an id it has the number of the line, "line".
class batch_answers {
 public:
  /// `n_kept`: so many models stay loaded.
  explicit batch_answers(std::size_t n_kept) : models_(n_kept) {}

  /// The answer to a line, `number` in its text, on one line. Whatever the line is, there is one.
  [[nodiscard]] std::string answer(std::string_view line, std::uint64_t number);

  /// The answer to one that is too long to be read.
  [[nodiscard]] static std::string refuse_long(std::uint64_t number);

 private:
  loaded_models models_;
};

}  // namespace vrambudget::cli
