// Models known without their files: shapes from data/models/, which are part of the library.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// One catalogued model. `header_from_shape(shape)` gives its GGUF header.
struct catalogued_model {
  std::string id;            ///< its file's name without ".json", "qwen3.6-27b-ud-q4kxl"
  std::string name;          ///< as published, with the quantization: "Qwen3.6-27B-UD-Q4_K_XL"
  std::string architecture;  ///< `general.architecture`
  std::string quantization;  ///< "Q4_K_M"
  std::string source;        ///< where hyperparameters and types come from
  bytes data;                ///< size of the data section of the file
  std::string_view shape;    ///< the JSON text; lives as long as the program
  std::vector<std::string>
      also;  ///< names of other files that are the same: projectors of other models

  /// Whether that is its name, its id or one of `also`, in any case and with any punctuation.
  [[nodiscard]] bool is_called(std::string_view typed) const;
};

/// All of them, sorted by id.
[[nodiscard]] std::span<const catalogued_model> catalogued_models();

/// Projectors (mmproj), from data/projectors/, in the same way.
[[nodiscard]] std::span<const catalogued_model> catalogued_projectors();

/// The model that a person means: its name or id in any case, with any punctuation, with or without
/// ".gguf"; also the beginning of one name only ("llama 3.1 8b").
///
/// Errors: not_found  none begins so, with the three nearest names; or several do, which it lists
[[nodiscard]] result<catalogued_model> find_model(std::string_view typed);

/// The projector that a person means, in the same way.
///
/// Errors: not_found  as find_model
[[nodiscard]] result<catalogued_model> find_projector(std::string_view typed);

}  // namespace vrambudget
