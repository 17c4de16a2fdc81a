// Calibrations as the file that keeps them.
#pragma once

#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/calibration.hpp"

namespace vrambudget {

/// As JSON, schema 1, a measurement a line.
[[nodiscard]] std::string calibration_json(const calibration& all);

/// Errors: bad_format   no JSON, or a key is missing or has another type or an impossible value
///         unsupported  of a schema that this version does not read
[[nodiscard]] result<calibration> read_calibration(std::string_view json);

}  // namespace vrambudget
