// A file with another header, written beside the one whose data it has, that takes its name at the end.
#pragma once

#include <cstddef>
#include <span>

#include "io/header/target_file.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/io/header_change.hpp"

namespace vrambudget::detail {

/// Errors: io  the disk has no room for it or it cannot be written, or the file changes meanwhile; nothing is left of the
///             new one then
[[nodiscard]] result<void> replace_by_copy(target_file& f, std::span<const std::byte> header,
                                           const header_change_options& options);

}  // namespace vrambudget::detail
