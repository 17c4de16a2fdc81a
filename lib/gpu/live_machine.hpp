// The GPUs of this machine as they are now, asked in a process of their own.
#pragma once

#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gpu/probe.hpp"
#include "vrambudget/machine/device.hpp"

namespace vrambudget {

/// This machine's driver and devices as they are now.
struct live_machine {
  driver_version version;
  std::vector<live_device> devices;  ///< in CUDA's order
};

/// The device as plans take it: with the context that was measured and what others hold.
[[nodiscard]] device to_device(const live_device& d);

/// Errors: io  no driver, no device, or either fails
[[nodiscard]] result<live_machine> this_machine();

}  // namespace vrambudget
