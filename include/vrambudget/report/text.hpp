// Budgets as text for a terminal, with colours if asked.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/preference.hpp"
#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/advise/smaller_file.hpp"
#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/fitted_run.hpp"
#include "vrambudget/plan/largest_contexts.hpp"
#include "vrambudget/plan/verdict.hpp"

namespace vrambudget {

/// How text is shown.
struct text_style {
  bool colour = false;     ///< ANSI colours
  bool unicode = true;     ///< block characters in bars; off: '#' and '.'
  bool explain = false;    ///< each term with its formula and this model's numbers
  std::size_t width = 80;  ///< columns that there are; 40 at least
};

/// An amount as people compare them: "15,382.8 MiB".
[[nodiscard]] std::string in_mib(bytes b);
/// An amount in GiB with two digits: "22.71 GiB".
[[nodiscard]] std::string in_gib(bytes b);
/// Digits in groups of three: "262,144".
[[nodiscard]] std::string grouped(std::uint64_t n);

/// "exact", or "fitted, from 154.3 MiB" where it was measured as less too.
[[nodiscard]] std::string basis_text(basis b, bytes low, bytes high);
/// The run: "262,144 tokens, KV q4_0, flash attention on, micro-batch 512".
[[nodiscard]] std::string context_line(const budget& b);
/// Whose rules hold and which file was taken, the verdict, the model, the run, how fast it decodes and reads prompts
/// if that is known, and each device's terms with a bar.
[[nodiscard]] std::string budget_text(const model& m, const run& r, const budget& b,
                                      const run_verdict& v, const std::string& file_note,
                                      const text_style& s, const run_speeds& speeds = {});
/// What would make a run fit, one change a line where there is room.
[[nodiscard]] std::string suggestions_text(const std::vector<suggestion>& all,
                                           const std::optional<smaller_file>& smaller = {},
                                           std::size_t width = 80);
/// The run that was chosen, flags and what they do; absent: that none fits. Ends with an empty line.
[[nodiscard]] std::string best_text(const std::optional<best_run>& best, preference most,
                                    std::size_t width = 80);
/// One largest context: "     262,144  bound by training".
[[nodiscard]] std::string context_text(const context_limit& limit);
/// What the engine makes of a run by itself; `planned`: that is the run which is shown.
[[nodiscard]] std::string fit_text(const fitted_run& f, bool planned);
/// Largest contexts by cache type, over all slots of such a run.
[[nodiscard]] std::string contexts_text(const std::vector<context_row>& rows,
                                        const context_params& of, std::uint32_t n_ctx_train);

}  // namespace vrambudget
