// GPUs as people name them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/os/this_system.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// The GPUs that are meant, and what they run under.
struct named_gpus {
  std::vector<device> devices;
  operating_system system = this_system();
  std::string driver;  ///< "550.54.14"; empty: unknown
  /// What the host has for the run: as it was said, else what this machine has available if its GPUs or
  /// none are meant. Absent: unknown.
  std::optional<bytes> ram;
  std::vector<std::string> notes;  ///< what a reader should know of them, a line each
};

/// The GPUs of a request, with the driver contexts that were calibrated, if any were. Of several the first
/// draws the desktop.
///
/// Errors: not_found         no GPU of that name
///         invalid_argument  more sizes than GPUs, more free than a GPU has, more than 15, numbers that
///                           are no card's, none named and none here, or "none" beside names
///         those of stored_calibration()
/// `stand_ins`: the cards stand for larger ones of the same kernels, so they may have any memory free.
[[nodiscard]] result<named_gpus> find_gpus(const gpu_request& q, const environment& around,
                                           bool stand_ins = false);

}  // namespace vrambudget::request
