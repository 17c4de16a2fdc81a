// Budgets as JSON, schema 1: the contract that launchers parse. tests/cli/ holds it to its keys.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/advise/best_run.hpp"
#include "vrambudget/advise/prompt_speed.hpp"
#include "vrambudget/advise/smaller_file.hpp"
#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/fitted_run.hpp"
#include "vrambudget/plan/largest_contexts.hpp"
#include "vrambudget/plan/verdict.hpp"
#include "vrambudget/report/backends.hpp"

namespace vrambudget {

/// What is put in a JSON report besides the budget.
struct json_extras {
  std::optional<context_limit> max_context = {};
  std::vector<context_row> limits = {};  ///< the largest contexts by cache type
  std::vector<suggestion> suggestions = {};
  run_verdict judged = {};
  bool explain = false;                ///< notes on terms
  const fitted_run* fitted = nullptr;  ///< what the engine makes of it by itself; null: not asked
  const best_run* best = nullptr;      ///< how the run was chosen; null: it was told
  std::optional<smaller_file> smaller = {};
  run_speeds speeds = {};
  std::vector<backend_row> backends = {};  ///< what the run takes under each that was asked about
};

/// Its part "model".
[[nodiscard]] boost::json::object model_summary(const model& m);

/// Its part "best".
[[nodiscard]] boost::json::object best_json(const best_run& best);

/// One JSON object and a line feed.
[[nodiscard]] std::string budget_json(const model& m, const run& r, const budget& b,
                                      const json_extras& extras);

}  // namespace vrambudget
