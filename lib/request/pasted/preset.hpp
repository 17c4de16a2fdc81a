// llama-server's presets: an INI file with a section for each model, and with "[*]" for all.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "request/pasted/launch.hpp"

namespace vrambudget::request::pasted {

struct preset {
  std::string name;
  std::size_t line = 0;  ///< of its section, from 1
  words args;
};

/// The sections that say of which model they are; none where the text is no such file.
[[nodiscard]] std::vector<preset> presets_in(std::string_view text);

}  // namespace vrambudget::request::pasted
