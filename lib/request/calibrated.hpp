// The user's own calibration: where it is kept, and what plans make of it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "inputs.hpp"
#include "vrambudget/machine/calibration.hpp"

namespace vrambudget::request {

/// "vrambudget/calibration.json" under XDG_CONFIG_HOME or ~/.config; empty where there is no home.
[[nodiscard]] std::string calibration_path();

/// What is kept there; nothing where there is no file.
/// Errors: bad_input, as a failure  the file cannot be read, is damaged, or of another schema
[[nodiscard]] calibration stored_calibration();

/// Changes what is kept. Where it cannot be read or `change` fails, it stays as it is.
/// Errors: bad_input, as a failure; those that `change` throws
calibration change_calibration(const std::function<void(calibration&)>& change);

/// Gives each device that was calibrated its own driver context, and says so in their notes.
/// Errors: bad_input, as a failure  what is kept cannot be read
void calibrate_devices(named_gpus& gpus);

}  // namespace vrambudget::request
