// Answers of searches over budgets, as plain data for reports.
#pragma once

#include <cstdint>

#include "vrambudget/engine/device_id.hpp"

namespace vrambudget {

/// What keeps a context from being larger.
enum class context_bound : std::uint8_t {
  device,       ///< a device is full
  host,         ///< the host is
  n_ctx_train,  ///< the length it was trained for
  limit         ///< what was asked for at most
};

/// The largest context, and why it is not larger.
struct context_limit {
  std::uint32_t n_ctx = 0;  ///< tokens over all sequences; 0: not even the smallest context fits
  /// The same, but the run may be refused memory when the context fills: not less than `n_ctx`.
  std::uint32_t n_ctx_loads = 0;
  context_bound bound_by = context_bound::device;
  device_id full = {};  ///< the device that is, if one is
};

}  // namespace vrambudget
