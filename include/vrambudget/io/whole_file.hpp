// A small file, read whole.
#pragma once

#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// The bytes of a regular file.
/// Errors: io     it cannot be opened or read, or is no regular file; names path and cause
///         limit  it has more than `most`
[[nodiscard]] result<std::string> read_whole_file(const std::string& path, bytes most);

}  // namespace vrambudget
