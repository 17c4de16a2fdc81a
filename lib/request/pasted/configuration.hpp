// What configurations in YAML start: llama-swap's models and the services of a compose file.
#pragma once

#include <string>
#include <vector>

#include "request/pasted/launch.hpp"
#include "request/pasted/yaml.hpp"

namespace vrambudget::request::pasted {

struct configured_launch {
  std::string name;  ///< of the model or service; empty: the fragment begins below it
  std::size_t at = 0;  ///< where it begins, in characters
  launch started;
};

/// All that the document starts of the programs that are known: of a whole file, of what stands under `models` or
/// `services`, or of one of them alone.
[[nodiscard]] std::vector<configured_launch> launches_in(const yaml_value& root);

}  // namespace vrambudget::request::pasted
