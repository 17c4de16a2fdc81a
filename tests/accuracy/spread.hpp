// Percentiles of errors.
#pragma once

#include <utility>
#include <vector>

namespace vrambudget::accuracy {

/// A value, and how much it counts: each machine the same, however many rows it has.
using weighted = std::vector<std::pair<double, double>>;

/// The value that `share` of the total weight does not exceed.
[[nodiscard]] double percentile(weighted all, double share);

[[nodiscard]] inline double median(const weighted& all) { return percentile(all, 0.5); }
[[nodiscard]] inline double largest(const weighted& all) { return percentile(all, 1); }

}  // namespace vrambudget::accuracy
