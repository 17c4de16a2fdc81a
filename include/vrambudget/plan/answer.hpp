// Answers of the solver (solve.hpp), as plain data for reports.
#pragma once

#include <cstdint>
#include <string>

#include "vrambudget/units.hpp"

namespace vrambudget {

/// The largest context, and why it is not larger.
struct context_limit {
  std::uint32_t n_ctx = 0;  ///< tokens over all sequences; 0: not even the smallest context fits
  std::string bound_by;     ///< "n_ctx_train", or the id of the device that is full
};

/// A change to a run that makes it fit.
struct suggestion {
  std::string flags;  ///< llama-server's, to add or replace
  std::string gives;  ///< what is kept or lost, for a reader
  bytes spare;        ///< on the fullest device afterwards
};

}  // namespace vrambudget
