// What was in use on a card in the end: the live rows of data/overheads.jsonl against plans.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/driver_context.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::accuracy {

/// One card of one run, as its log and nvidia-smi showed it.
struct total_reading {
  std::string rig, gpu;  ///< the machine; an id of the catalogue
  std::string state;     ///< "fresh", "used", "pool included": a sample of the context; else empty
  std::uint32_t cc = 0;
  resident_threads threads;
  operating_system system = operating_system::native_linux;
  bool draws = false;  ///< of a class that draws a desktop under Windows
  bytes self, unaccounted;
  std::optional<bytes> pool;  ///< planned, where the run is known
  std::uint32_t n_drafts = 0;
  bool scored = true;  ///< a live run; else a sample of the context only

  [[nodiscard]] bytes measured() const { return self + unaccounted; }
  /// Buffers as logged, the context by the model, the pool as planned or usual, and what others hold.
  [[nodiscard]] bytes planned(const driver_context_model& m, estimate e) const;
  /// By the rule that was replaced: counted_before(), and a desktop of 2,276 MiB under Windows.
  [[nodiscard]] bytes planned_before() const;
};

struct total_line {
  std::string group;
  std::size_t n_rigs = 0, n_rows = 0;
  double before = 0;  ///< median of |planned - measured|, MiB, each machine weighing the same
  double median = 0, p95 = 0;  ///< the same of what is expected, fitted to other machines only
  double under = 0;            ///< p95 of (measured - counted) / measured, 0 where it is not under
};

/// Rows without a reason to leave them out. `left_out` gets each reason's number of rows.
[[nodiscard]] std::vector<total_reading> read_totals(
    const std::string& file, std::map<std::string, int>* left_out = nullptr);

/// By generation and system; the last lines are all under Linux, and all of them. `models`: fitted without a machine, by its name;
/// "" is of all.
using models_by_rig = std::map<std::string, driver_context_model>;
[[nodiscard]] std::vector<total_line> total_lines(const std::vector<total_reading>& rows,
                                                  const models_by_rig& without);
[[nodiscard]] std::string markdown(const std::vector<total_line>& lines);

/// The smallest and largest context in use of each machine that has any, MiB, and what plans count.
struct samples {
  std::string gpu;
  double low = 0, high = 0;
  std::uint32_t n = 0;
  resident_threads threads;
};
[[nodiscard]] std::map<std::string, samples> samples_of(const std::vector<total_reading>& rows);

}  // namespace vrambudget::accuracy
