// The devices of this machine as they are now. Which process asks, and how it is shown, is the
// caller's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gpu/driver_api.hpp"
#include "vrambudget/gpu/nvml_api.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A device that is there. What could not be found out is absent.
struct live_device {
  device gpu;  ///< `free`: what is free to a process before its context, where that is known
  std::optional<bytes> reserved;        ///< kept by the driver and no part of the total (NVML)
  std::optional<bytes> used_by_others;  ///< taken before this process came (NVML)
  std::optional<bytes> granularity;     ///< allocations of virtual memory are multiples of this
  std::optional<bytes> context;         ///< what the context of one process takes
};

/// The driver of a machine. What it does not tell is absent.
struct driver_version {
  std::optional<std::string> driver;  ///< "550.54.14" (NVML)
  std::optional<std::string> cuda;    ///< the newest CUDA it runs: "12.4"
};

/// "CUDA0: cuMemGetInfo: CUDA_ERROR_UNKNOWN (999)" for a status that is no success.
[[nodiscard]] error driver_error(const driver_api& cuda, const std::string& what, int status);

/// The driver's own version; needs no device.
[[nodiscard]] driver_version version_of(const driver_api& cuda, const nvml_api* nvml);

/// The devices in CUDA's order. Makes a context on each and gives it back; a process that called this
/// must not fork, and a damaged driver may end it, so call it in a process of its own.
///
/// The context's cost is what NVML's used memory grows by; without NVML what a second context takes.
///
/// Errors: io  no devices, or the driver fails
[[nodiscard]] result<std::vector<live_device>> probe_devices(const driver_api& cuda,
                                                             const nvml_api* nvml);

}  // namespace vrambudget
