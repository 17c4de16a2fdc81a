// The system's words for what it refused.
#pragma once

#include <string>
#include <system_error>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// "PATH: cannot WHAT: " and the words for a number of errno.
[[nodiscard]] inline error refused_by_system(const std::string& path, const char* what, int code) {
  return {errc::io, path + ": cannot " + what + ": " + std::generic_category().message(code)};
}

}  // namespace vrambudget::detail
