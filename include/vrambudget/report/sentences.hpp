// What budgets and advice have to say, in words: sentences, llama-server's flags, names of what binds.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/advise/smaller_file.hpp"
#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/explanation.hpp"
#include "vrambudget/plan/note.hpp"

namespace vrambudget {

/// How a term comes about: "36 layers x 32768 cells x (...)". Empty: there is nothing to say.
[[nodiscard]] std::string sentence(const std::vector<explanation>& why);
/// What a reader of a budget should know.
[[nodiscard]] std::string sentence(const note& n);

/// Flags to add or to replace: "-ctk q8_0 -ctv q8_0".
[[nodiscard]] std::string flags_of(const suggestion& s);
/// What is kept or lost: "the same context, KV in q8_0".
[[nodiscard]] std::string sentence(const suggestion& s);
[[nodiscard]] std::string sentence(const smaller_file& f);
[[nodiscard]] std::string name_and_flags(const smaller_file& f);

/// "n_ctx_train", "limit", or the device that is full: "CUDA0".
[[nodiscard]] std::string name_of_bound(const context_limit& l);

}  // namespace vrambudget
