// Work in a process of its own.
#pragma once

#include <functional>
#include <string>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// The text that `work` gives, never an empty one, in a process of its own; where a system cannot double one, in a thread
/// of this. It gets so many seconds. SIGINT and SIGTERM reach it as is_interrupted(); when it has ended, this process ends
/// by them.
/// Errors: io  there was no process, or how it ended, as what `who` did
[[nodiscard]] result<std::string> text_of_own_process(const std::function<std::string()>& work,
                                                      unsigned patience_s, const char* who);

/// Whether this process is asked to give back what it holds and end.
[[nodiscard]] bool is_interrupted();

}  // namespace vrambudget::detail
