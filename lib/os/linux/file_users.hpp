// Who has a file open or mapped.
#pragma once

#include <sys/stat.h>

#include <string>

namespace vrambudget::detail {

/// The first other process that has this file open or mapped, "llama-server (process 4711)"; empty: none that may be
/// looked into.
[[nodiscard]] std::string other_user_of(const struct stat& file);

}  // namespace vrambudget::detail
