// Models that are named after the catalogued one that they were trained from.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/catalogue/model_aliases.hpp"

namespace vrambudget::detail {

struct fine_tune {
  model_alias alias;         ///< its name, and the model that it is trained from
  std::string quantization;  ///< folded, "q4km"; empty: none was named
};

/// What "Huihui-Qwen3-8B-abliterated-Q4_K_M" is by its name: the catalogued model whose words are the most in it, one
/// after the other, with words besides that change no shape. A draft, a pruned or larger model, what has another size in
/// its name, and a file of another program's format is none. Nothing: no such name.
[[nodiscard]] std::optional<fine_tune> fine_tune_of(std::string_view typed);

/// The format of another program's files in a name, "AWQ" in "Qwen3-32B-AWQ", and the name without it; nothing: none.
struct foreign_format {
  std::string format, rest;
};
[[nodiscard]] std::optional<foreign_format> foreign_format_in(std::string_view typed);

}  // namespace vrambudget::detail
