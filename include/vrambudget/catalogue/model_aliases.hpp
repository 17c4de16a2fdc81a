// Other names of catalogued models, and other models that have their shapes, from data/aliases.json, which
// is part of the library.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace vrambudget {

/// A name that is none of the catalogue's own.
struct model_alias {
  std::string name;               ///< "Ornith-1.0-9B", as published
  std::string model;              ///< whose shape it has: catalogued_files::name, "Qwen3.5-9B"
  bool is_same = false;           ///< that model itself; false: another one, a fine-tune mostly
  std::uint32_t n_ctx_train = 0;  ///< what it was trained for; 0: as much as `model`
  bool is_guessed = false;        ///< by its name alone: it is in no list
};

/// All of them, in the file's order.
[[nodiscard]] std::span<const model_alias> model_aliases();

}  // namespace vrambudget
