// What the engine's behaviour depends on in a GPU. Catalogue facts (price of a name, sources) live
// in gpu/.
#pragma once

#include <cstdint>
#include <string>

#include "vrambudget/units.hpp"

namespace vrambudget {

/// One CUDA device a model can be placed on.
struct device {
  std::string name;        ///< as the driver spells it, "NVIDIA GeForce RTX 3090"
  std::uint32_t cc = 0;    ///< compute capability times 100: 860 is 8.6
  std::uint32_t n_sm = 0;  ///< streaming multiprocessors; 0: unknown
  bytes total;             ///< memory as the driver reports it
  bytes free;              ///< free once the driver context exists; what a plan may use
};

}  // namespace vrambudget
