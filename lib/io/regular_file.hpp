// A regular file that is open for reading, and the system's words where it is not.
#pragma once

#include <sys/stat.h>

#include <string>

#include "os/descriptor.hpp"
#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// "PATH: cannot WHAT: " and the system's words.
[[nodiscard]] error refused_by_system(const std::string& path, const char* what, int code);

struct regular_file {
  descriptor file;
  struct stat info = {};
};

/// Errors: io  it cannot be opened, or is no regular file; nobody waits at a pipe
[[nodiscard]] result<regular_file> open_regular(const std::string& path);

}  // namespace vrambudget::detail
