// A file that is written whole or not at all.
#pragma once

#include <string>
#include <string_view>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// Whether what was written has to outlive the machine's stopping.
enum class durability { lasting, as_it_comes };

/// Gives a name another content: whoever reads sees the old one or the new one, whenever this process ends. It is
/// written as PATH.new first; one that was left by a process that was ended is taken over by the next. A link is
/// followed; what is no regular file, as a pipe or a device, is written to as it is.
/// Errors: io  it cannot be written, or another process is writing it; what was there is as it was
[[nodiscard]] result<void> replace_file(const std::string& path, std::string_view text,
                                        unsigned mode, durability d = durability::lasting);

/// Makes a folder, and those above it that are missing, which nobody else may look into.
/// Errors: io  it cannot be made
[[nodiscard]] result<void> make_private_folder(const std::string& path);

}  // namespace vrambudget::detail
