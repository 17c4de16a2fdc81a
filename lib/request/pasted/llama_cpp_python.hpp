// Llama(...) of llama-cpp-python in Python's code.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "request/pasted/server_line.hpp"

namespace vrambudget::request::pasted {

struct python_call {
  std::size_t line = 0;  ///< from 1
  server_line read;
};

/// The calls that load a model: Llama(...), Llama.from_pretrained(...). A name as value is what was assigned to it as
/// a literal.
[[nodiscard]] std::vector<python_call> python_calls_in(std::string_view text);

}  // namespace vrambudget::request::pasted
