// A log held against the plan of the run behind it, line by line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/log/logged_model.hpp"
#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/log/rebuild.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget {

enum class verdict : std::uint8_t {
  equal,           ///< the prediction prints as the log did
  differs,         ///< it does not
  not_comparable,  ///< nothing to hold it against; `why` says why
  not_logged,      ///< predicted, and no line in the log
};
[[nodiscard]] constexpr std::string_view name(verdict v) {
  constexpr std::string_view names[] = {"equal", "differs", "not comparable", "not logged"};
  return names[static_cast<std::size_t>(v)];
}

/// One line or the sum of a few, and what was predicted for it: bytes, or a count.
struct log_comparison {
  std::string
      term;  ///< "weights", "kv_cache", ..., as in a budget; or "kv_cells", "graph_nodes", ...
  std::string device;  ///< as the log has it; empty: all
  std::string cache;   ///< of several: "swa", "idx"
  std::size_t line = 0;
  std::optional<log_size> logged;
  std::optional<bytes> predicted;
  std::optional<std::uint64_t> logged_count, predicted_count;
  enum verdict verdict = verdict::not_comparable;
  /// The cause of a difference, as far as one was found, or of there being no comparison.
  std::optional<std::string> why;
};

/// One context of the log, with what drafts from the same model.
struct checked_context {
  std::size_t context = 0;  ///< index in the log
  std::string model, architecture;
  model_source source = model_source::file;
  rebuilt_run rebuilt;
  std::optional<budget> planned;
  std::vector<log_comparison> lines;
  std::vector<std::string> notes;
};

struct log_check {
  parsed_log log;
  std::vector<checked_context> contexts;
  std::vector<std::string> missing;  ///< what the log should have and has not

  [[nodiscard]] std::size_t count(verdict v) const;
  /// Whether any line of the log was held against a prediction.
  [[nodiscard]] bool has_compared() const {
    return count(verdict::equal) + count(verdict::differs) > 0;
  }
};

/// Rebuilds each context's run and compares. `given`: the model of `check LOG MODEL`, for the contexts
/// whose lines do not contradict it; null: by the log's own lines.
[[nodiscard]] log_check check_log(parsed_log log, const rebuild_options& options,
                                  const model* given = nullptr);

}  // namespace vrambudget
