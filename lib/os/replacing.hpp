// A file that is written beside another, whose name it takes.
#pragma once

#include <string>

#include "os/descriptor.hpp"
#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// `beside`, which becomes `path`: empty, and nobody else's to write.
/// Errors: io  another process is writing it, or it cannot be written
[[nodiscard]] result<descriptor> open_beside(const std::string& path, const std::string& beside,
                                             unsigned mode);

/// Gives `written`, which is `beside`, the name `path`, and closes it where it has to be closed for that. False: errno
/// says why.
[[nodiscard]] bool take_name(descriptor& written, const std::string& beside,
                             const std::string& path);
/// The same where `old` is the file that has the name.
[[nodiscard]] bool take_name_of(descriptor& old, descriptor& written, const std::string& beside,
                                const std::string& path);

/// Makes the names in the folder of `path` last; not every file system can.
void sync_folder_of(const std::string& path);

/// Removes a `beside` that no process is writing any more.
void remove_unless_written(const std::string& beside);

}  // namespace vrambudget::detail
