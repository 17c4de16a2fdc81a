// Predicted against measured memory in use, on the live rows of data/overheads.jsonl.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::accuracy {

/// One card of one run, as its log and nvidia-smi showed it.
struct row {
  std::string rig;    ///< the machine
  std::string state;  ///< "fresh", "used", "pool included": a sample of the context; else empty
  std::uint32_t cc = 0;
  operating_system system = operating_system::native_linux;
  bool draws = false;  ///< of a class that draws a desktop under Windows
  bytes self, unaccounted;
  std::optional<bytes> pool;  ///< planned, where the run is known
  bool scored = true;         ///< a live run; else a sample of the context only

  [[nodiscard]] bytes measured() const { return self + unaccounted; }
  /// Buffers as logged; the context and the desktop at their upper ends; the pool if it is known.
  [[nodiscard]] bytes predicted(std::span<const measured_rig> rigs) const;
  /// What it says of the context alone, in MiB; nothing unless `state` does.
  [[nodiscard]] std::optional<double> context_mib() const;
};

struct table_line {
  std::string generation;
  std::size_t n_rigs = 0, n_rows = 0;
  double median = 0, p95 = 0;  ///< of |predicted - measured| / measured, each rig weighing the same
  double under = 0;     ///< p95 of (measured - predicted) / measured, 0 where it is not under
  double held_out = 0;  ///< the same, predicted from the other rigs only
};

/// Rows without a reason to leave them out. `left_out` gets each reason's number of rows.
[[nodiscard]] std::vector<row> read_rows(const std::string& file,
                                         std::map<std::string, int>* left_out = nullptr);

/// By generation; the last line is all of them.
[[nodiscard]] std::vector<table_line> table_of(const std::vector<row>& rows);

/// As docs/accuracy.md has it.
[[nodiscard]] std::string markdown(const std::vector<table_line>& lines);

/// The smallest and largest sample of the context of each rig that has any, in MiB, and their number.
struct samples {
  double low = 0, high = 0;
  std::uint32_t n = 0;
};
[[nodiscard]] std::map<std::string, samples> samples_of(const std::vector<row>& rows);

/// The value that `share` of the total weight does not exceed.
[[nodiscard]] double percentile(std::vector<std::pair<double, double>> value_and_weight,
                                double share);

}  // namespace vrambudget::accuracy
