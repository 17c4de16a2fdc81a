// What the engine's behaviour depends on in a GPU. Catalogue facts (price of a name, sources) live
// in catalogue/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vrambudget/basis.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// An amount that was measured, not computed: between `low` and `high`. Plans count `high`.
struct measured_range {
  bytes low, high;
  enum basis basis = basis::assumed;
  std::string note;  ///< where it comes from
};

/// One CUDA device a model can be placed on.
struct device {
  std::string name;        ///< as the driver spells it, "NVIDIA GeForce RTX 3090"
  std::uint32_t cc = 0;    ///< compute capability times 100: 860 is 8.6
  std::uint32_t n_sm = 0;  ///< streaming multiprocessors; 0: unknown
  bytes total;             ///< memory as the driver reports it
  bytes free;              ///< free to a process before its context; what a plan may use
  /// What the driver takes for a process: its context, the kernels' code, CUDA graphs.
  measured_range driver_context = {
      70_MiB, 750_MiB, basis::assumed,
      "no measurement of this device; cards of all generations lie between these"};
  /// What other processes hold, a desktop for example: no part of `free`. Absent: nothing is known.
  std::optional<measured_range> others = {};
};

}  // namespace vrambudget
