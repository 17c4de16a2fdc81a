// Whether a run works: from what is least, expected and most of what is only measured.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/plan/allocation.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

enum class verdict_kind : std::uint8_t {
  fits,             ///< whatever the measured amounts are
  tight,            ///< as expected, but not if they are at their high ends
  spills,           ///< runs, with a part of it in the host's memory, where the driver moves it
  reads_from_disk,  ///< runs, and reads weights of the host again and again, which do not stay in its memory
  fails_in_use,  ///< is loaded, and is refused memory later
  does_not_load
};

[[nodiscard]] constexpr std::string_view name(verdict_kind k) {
  constexpr std::string_view names[] = {"fits",         "tight",        "spills", "reads_from_disk",
                                        "fails_in_use", "does_not_load"};
  return names[static_cast<std::size_t>(k)];
}

/// What a plan had to assume of a machine that it cannot see.
enum class assumption : std::uint8_t { driver_context, others };

struct run_verdict {
  verdict_kind kind = verdict_kind::fits;
  /// The allocation that the engine would see refused: as expected, of `tight` at the high ends.
  /// Absent if no device's memory is what it fails for: budget::aborts, budget::host.
  std::optional<refused_allocation> fails_at = {};
  std::optional<assumption> decided_by = {};  ///< at its low end the run would fit
  /// Only the engine's buffers are asked about (limits::buffers_only): what comes in use is told, no more.
  bool of_buffers = false;

  /// Runs, as far as can be expected, on the devices' and the host's own memory.
  [[nodiscard]] bool runs() const {
    return kind == verdict_kind::fits || kind == verdict_kind::tight ||
           (of_buffers && fails_at && kind == verdict_kind::fails_in_use);
  }
};

/// The verdict on a run whose budget, made for the high ends, is `at_high`.
///
/// Errors:   those of planner::budget_for
[[nodiscard]] result<run_verdict> judge(planner& p, const run& r, const budget& at_high);

}  // namespace vrambudget
