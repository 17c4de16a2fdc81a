// A recording of a machine: what a probe found there and what a plan's buffers took, for reports of
// errors and for tests that replay it (data/README.md).
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "failure.hpp"
#include "gpu/live_machine.hpp"

namespace vrambudget::cli {

/// When, where, which driver, which devices; `allocation` is added if it has anything.
[[nodiscard]] boost::json::object recording_of(const live_machine& machine,
                                               boost::json::object allocation);

/// Writes it whole or not at all, one line for each device and buffer.
/// Errors: bad_input, as a failure  the file cannot be written
void write_recording(const std::string& file, const boost::json::object& recording);

}  // namespace vrambudget::cli
