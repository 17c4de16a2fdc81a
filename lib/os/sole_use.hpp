// A file that nobody else has open.
#pragma once

#include <string>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// Nobody else may have it open, and who opens it now waits until it is closed here, as far as the system can.
/// Errors: io  somebody has it open, or locked
[[nodiscard]] result<void> take_alone(const std::string& path, int fd);

/// Who opens it to read need not wait any more.
void let_others_read(int fd);

}  // namespace vrambudget::detail
