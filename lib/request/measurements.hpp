// Measurements as people have them: a number from nvidia-smi, or a recording of a probe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/calibration.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/plan/budget.hpp"

namespace vrambudget::request {

/// A size as it was typed: "23.2GiB" may be 51.2 MiB more or less.
struct read_size {
  bytes size, resolution;
};

/// Errors: invalid_argument  no size
[[nodiscard]] result<read_size> parse_reading(std::string_view typed);

/// A card's measurement from what its process held and the plan of that run. `loaded`: before any
/// prompt was processed, when nothing of the pool is drawn yet.
/// Errors: invalid_argument  the plan's buffers are not exact
[[nodiscard]] result<calibration_measurement> measurement_of(const device_budget& plan,
                                                             read_size used, bool loaded);

/// A measurement and whose it is; `card` has neither measurements nor a fit.
struct card_measurement {
  calibrated_device card;
  calibration_measurement measurement;
};

/// The contexts in a recording of `probe --json`, `probe --allocate --json` or `probe --dump`, which may
/// have been made on another machine. `system`: that of a recording that does not say.
/// Errors: io, bad_format, unsupported  no such recording, or no context was measured in it
[[nodiscard]] result<std::vector<card_measurement>> recorded_contexts(const std::string& file,
                                                                      operating_system system);

/// "2026-11-24", in UTC.
[[nodiscard]] std::string today();

/// "2026-07-31".
[[nodiscard]] std::string day_of(std::chrono::sys_seconds time);

}  // namespace vrambudget::request
