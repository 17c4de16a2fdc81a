// What the driver takes for a process on a card, by the threads that the card keeps resident: a local
// memory for each of them is the largest part. The constants are data, of the catalogue.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "vrambudget/machine/device.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// One end of what a context may take: a share of `bare`, and more.
struct context_end {
  double share = 1;  ///< of what is expected before any kernel ran
  double mib = 0;
  double mib_per_1024_threads = 0;
};

/// Resident threads of a whole card in units of 1,024, between two ends; alike where they are known.
struct resident_threads {
  double low = 0, high = 0;

  [[nodiscard]] bool known() const { return low == high; }
};

/// Formula:  bare = base_mib + mib_per_1024_threads * u, u = multiprocessors * threads of each / 1024
struct driver_context_model {
  double base_mib = 0, mib_per_1024_threads = 0;
  context_end fresh_low, fresh_high;                     ///< before any kernel ran
  context_end in_use_low, in_use_expected, in_use_high;  ///< kernels loaded, in long use
  bytes draft;               ///< what a draft's context adds: streams, handles, kernels
  resident_threads unknown;  ///< of a card of which too little is known

  [[nodiscard]] double bare_mib(double u) const { return base_mib + mib_per_1024_threads * u; }
};

/// The driver's context on one card.
struct modelled_context {
  measured_range
      fresh;  ///< what the first question for free memory costs; pools are terms of their own
  measured_range in_use;      ///< the same after use: what plans count
  bytes growth, most_growth;  ///< from the one to the other: expected, and at most
};

/// Accuracy: fitted; assumed where the threads are not known
[[nodiscard]] modelled_context context_of(const driver_context_model& m, resident_threads u,
                                          const std::string& note);

}  // namespace vrambudget
