// How a model's family is known to write the call of a tool, by its architecture and its names.
#pragma once

#include <string_view>

#include "vrambudget/template/reading.hpp"

namespace vrambudget {

/// A family of models.
struct family_row {
  std::string_view name;           ///< as people say it: "Qwen3.5 and 3.6"
  std::string_view architectures;  ///< with '|' between
  std::string_view
      words;  ///< with '|' between: one of them is in its names, in lower case without blanks, dashes and
              ///< underscores; empty: any name
  call_shape calls;
};

/// The row of a model; nullptr: none is known. `names`: as chat_facts has them.
/// Accuracy: what the makers' own templates in llama.cpp's repository write
/// Source:   llama.cpp, models/templates, common/chat.cpp
[[nodiscard]] const family_row* family_of(std::string_view architecture, std::string_view names);

}  // namespace vrambudget
