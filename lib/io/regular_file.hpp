// A regular file that is open for reading.
#pragma once

#include <string>

#include "os/descriptor.hpp"
#include "os/file_facts.hpp"
#include "os/refused.hpp"
#include "vrambudget/error.hpp"

namespace vrambudget::detail {

struct regular_file {
  descriptor file;
  file_facts facts = {};
};

/// Errors: io  it cannot be opened, or is no regular file; nobody waits at a pipe
[[nodiscard]] result<regular_file> open_regular(const std::string& path);

}  // namespace vrambudget::detail
