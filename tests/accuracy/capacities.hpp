// What CUDA calls a card's total: data/capacities.jsonl against what is planned with.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/units.hpp"

namespace vrambudget::accuracy {

/// The middle of the totals that were seen of a card, by system and class of driver.
struct capacity_reading {
  std::string gpu, group;
  double mib = 0;
  double whole = 0;    ///< NVML's total, which was taken before
  double by_rule = 0;  ///< NVML's total less what the driver keeps
  double planned = 0;  ///< the catalogue's total, where the driver is not known
};

struct capacity_line {
  std::string group;
  std::size_t n = 0;  ///< cards
  double before_median = 0, before_worst = 0;
  double rule_median = 0, rule_p90 = 0, rule_worst = 0;
  double planned_median = 0, planned_worst = 0;
};

[[nodiscard]] std::vector<capacity_reading> read_capacities(const std::string& file);
/// By group; the last line is all under Linux.
[[nodiscard]] std::vector<capacity_line> capacity_lines(const std::vector<capacity_reading>& all);
[[nodiscard]] std::string markdown(const std::vector<capacity_line>& lines);

}  // namespace vrambudget::accuracy
