// The user's own calibration: where it is kept, and what plans make of it.
#pragma once

#include <functional>
#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/calibration.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/named_gpus.hpp"

namespace vrambudget::request {

/// "vrambudget/calibration.json" in the folder of settings; empty where there is no home.
[[nodiscard]] std::string calibration_path(const environment& around);

/// What is kept there; nothing where there is no file.
/// Errors: those of read_settings() and read_calibration()
[[nodiscard]] result<calibration> stored_calibration(const environment& around);

/// Changes what is kept, and gives it. Where it cannot be read or `change` fails, it stays as it is.
/// Errors: those of update_settings(), read_calibration() and `change`; io  there is no home
[[nodiscard]] result<calibration> change_calibration(
    const environment& around, const std::function<result<void>(calibration&)>& change);

/// Gives each device that was calibrated its own driver context, and says so in their notes.
/// Errors: those of stored_calibration()
[[nodiscard]] result<void> calibrate_devices(named_gpus& gpus, const environment& around);

}  // namespace vrambudget::request
