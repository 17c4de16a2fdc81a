// What people write behind a command.
#pragma once

#include <string>

#include "request/pasted/command.hpp"

namespace vrambudget::request::pasted {

/// Takes off llama-server's arguments what goes on in prose, "-ctv q8_0 on my 3090, why?", and gives it; empty: nothing
/// does. One word too many is a slip, and stays.
[[nodiscard]] std::string take_prose(words& args);

}  // namespace vrambudget::request::pasted
