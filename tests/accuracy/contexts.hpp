// The driver's context before use: data/contexts.jsonl against the model, each machine by the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/machine/driver_context.hpp"

namespace vrambudget::accuracy {

/// A kind of card on one machine: the middle of its readings.
struct context_reading {
  std::string rig, gpu;
  std::uint32_t cc = 0;
  double u = 0;  ///< resident threads / 1,024
  double mib = 0;
};

struct context_line {
  std::string generation;
  std::size_t n_rigs = 0, n_readings = 0;
  double before_median = 0, before_worst = 0;  ///< by the rule that this model replaced
  double median = 0, p90 = 0, worst = 0;       ///< MiB, fitted to the other machines only
  std::size_t within = 0;                      ///< readings within the range that is planned
};

/// A context in use on one machine, its pool told apart, and what plans count for it.
struct context_in_use {
  std::string rig, gpu;
  double low = 0, high = 0;
  measured_range planned;
};

[[nodiscard]] std::vector<context_reading> read_contexts(const std::string& file);
[[nodiscard]] std::vector<context_in_use> read_contexts_in_use(const std::string& file);

/// The model's two constants by least squares on relative errors; the others as they are.
[[nodiscard]] driver_context_model fitted_to(const std::vector<context_reading>& readings);

/// What plans counted before they had this model: the highest sample of the card's generation under Linux, of any
/// where there was none.
[[nodiscard]] double counted_before(std::string_view generation);

/// By generation; the last line is all of them.
[[nodiscard]] std::vector<context_line> context_lines(const std::vector<context_reading>& readings);
[[nodiscard]] std::string markdown(const std::vector<context_line>& lines);
[[nodiscard]] std::string markdown(const std::vector<context_in_use>& rows);

}  // namespace vrambudget::accuracy
