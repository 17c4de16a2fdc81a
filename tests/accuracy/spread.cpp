#include "spread.hpp"

#include <algorithm>

namespace vrambudget::accuracy {

double percentile(weighted all, double share) {
  std::sort(all.begin(), all.end());
  double whole = 0, sum = 0;
  for (const auto& [value, weight] : all) whole += weight;
  for (const auto& [value, weight] : all)
    if ((sum += weight) >= share * whole * (1 - 1e-12)) return value;
  return all.empty() ? 0 : all.back().first;
}

}  // namespace vrambudget::accuracy
