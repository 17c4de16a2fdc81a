// The model of a log without its file: from the catalogue where a shape is the same, else its
// hyperparameters alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "vrambudget/error.hpp"
#include "vrambudget/log/parsed_log.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// Where a model's description comes from, and with it what can be compared.
enum class model_source : std::uint8_t {
  file,         ///< its own tensors
  other_types,  ///< a file of the same dimensions, quantized otherwise than the log's
  same_file,    ///< a catalogued shape with as many tensors of each type
  catalogue,    ///< a catalogued shape of the same dimensions, its types may differ
  lines,        ///< hyperparameters without tensors: caches only
};

struct logged_model {
  model shape;
  model_source source = model_source::file;

  /// Whether its tensors have the types of those that ran.
  [[nodiscard]] bool types_known() const {
    return source == model_source::file || source == model_source::same_file;
  }
};

/// The model that a log's lines describe.
///
/// Errors: not_found  the lines do not name an architecture, or too few of its hyperparameters
[[nodiscard]] result<logged_model> find_logged_model(const log_model& lines);

/// What of the log speaks against `m` being its model.
[[nodiscard]] std::optional<std::string> contradiction(const model& m, const log_model& lines);

/// Whether the log's file is larger or smaller than `m` by more than one part in 200.
[[nodiscard]] bool other_size(const model& m, const log_model& lines);

/// Whether `m` has as many tensors of each type as the log says.
[[nodiscard]] bool same_types(const model& m, const log_model& lines);

}  // namespace vrambudget
