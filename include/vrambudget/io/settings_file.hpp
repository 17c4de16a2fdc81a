// A small file of the user's that is read often and replaced whole. What is in it is the caller's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// More than this is no settings file.
inline constexpr bytes settings_limit = 4_MiB;

/// The file's text; nothing where there is no file.
/// Errors: io     it cannot be read, or is not a file
///         limit  it is larger than settings_limit
[[nodiscard]] result<std::optional<std::string>> read_settings(const std::string& path);

/// The new text from the present one, which is absent where there is no file.
using settings_change =
    std::function<result<std::string>(const std::optional<std::string>& present)>;

/// Replaces the file by what `change` makes of it: other readers see the old text or the new one, never
/// a part, whenever the process or the machine stops; other writers wait for their turn at "PATH.lock", 10 s at most.
/// Folders that are missing are made for this user alone, as the file is. Where `change` fails nothing is written. A link
/// is followed.
/// Errors: those of `change` and read_settings; io  the file cannot be written
[[nodiscard]] result<void> update_settings(const std::string& path, const settings_change& change);

}  // namespace vrambudget
