// Files of catalogued models: the shape as it is kept, files that are published, and what
// llama-quantize would write.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/catalogue/model_aliases.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/published_files.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/quantize/file_type.hpp"
#include "vrambudget/quantize/quantization.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

class quantizer;

/// One file of a catalogued model, published or not.
struct catalogued_file {
  const catalogued_model* shape = nullptr;  ///< whose hyperparameters and tensors it has
  std::string name;                         ///< "Qwen3-8B-Q5_K_M"
  std::string quantization;                 ///< "Q5_K_M"
  std::optional<vrambudget::quantization>
      types;                                  ///< as llama-quantize chooses; empty: the shape's own
  const published_file* published = nullptr;  ///< such a file; nullptr: none is recorded
  std::optional<model_alias> alias = {};      ///< the name it was asked for by, if that is another

  /// Whether the tensors' types are those of the shape.
  [[nodiscard]] bool is_own() const { return quantization == shape->quantization; }
  /// Whether neither types nor size are known, so that both are estimated from its label, "UD-Q4_K_XL".
  [[nodiscard]] bool is_estimated() const {
    return !is_own() && !types.has_value() && published == nullptr;
  }
};

/// A model with its files.
struct catalogued_files {
  std::string name;  ///< "Qwen3-8B"
  std::vector<catalogued_file> files;
};

/// File types that most publishers offer. They are offered of every model but those that were trained
/// in a type of their own (MXFP4).
inline constexpr std::array<file_type, 7> usual_file_types = {
    file_type::q8_0,   file_type::q6_k,   file_type::q5_k_m, file_type::q4_k_m,
    file_type::iq4_xs, file_type::q3_k_m, file_type::q2_k};

/// All models, each with its shapes, published files and usual file types, in the catalogue's order.
[[nodiscard]] std::span<const catalogued_files> all_catalogued_files();

/// The model of that name with its files, in any case and with any punctuation. A further name
/// (model_aliases()) gives the files of the model whose shape it has, as that name's own where it is
/// another model's. Words that tell no shape, such as "Instruct", "it" and "GGUF", may be there or not. A name that has
/// a model's name in it, "Huihui-Qwen3-8B-abliterated", is taken for a model that was trained further from it.
/// Nothing: no model has that name whole, without a quantization.
[[nodiscard]] std::optional<catalogued_files> catalogued_files_of(std::string_view typed);

/// The file that a person means: one of all_catalogued_files(), or a model's name with any file type
/// of llama-quantize ("qwen3 8b q5_k_s") or of find_quantization() or a label of unsloth's files ("UD-Q4_K_XL"), a
/// model's name alone if it has one shape, each by any name
/// that catalogued_files_of() knows; else what find_model() makes of it.
///
/// Errors: not_found    as find_model
///         unsupported  another file type of a model that was trained in its own
[[nodiscard]] result<catalogued_file> find_catalogued_file(std::string_view typed);

/// The files of the model of that name, as catalogued_files_of(); else the one file that is meant.
/// Errors: as find_catalogued_file
[[nodiscard]] result<catalogued_files> catalogued_files_meant(std::string_view typed);

/// The catalogued model that has a file's shape; null: none, which no file of the catalogue is.
[[nodiscard]] const catalogued_files* family_of(const catalogued_file& f);

/// A shape as a model.
/// Errors: as header_from_shape, gguf::parse and read_model
[[nodiscard]] result<model> read_shape(const catalogued_model& shape);

/// The model that the file holds, from that of its shape. Types that llama-quantize chooses are those
/// with an importance matrix, as all recorded files of the types have for which that matters. Where a
/// published file's size cannot be so, its tensors are scaled to it, header included, so rather too
/// large. Of a label that nobody published the size is estimated, by other models' files of that label.
///
/// Accuracy: of other types than the shape's own, and of another model than the shape's, assumed;
///           `types_note` says why
/// Errors:   as quantized
///           unsupported  nothing is known of such files of such models
[[nodiscard]] result<model> as_file(const model& shape, const catalogued_file& file);
/// The same of a shape whose files are asked for one after another.
[[nodiscard]] result<model> as_file(const quantizer& shape, const catalogued_file& file);

/// The same as a file of that size, header included: with the types that llama-quantize chooses for the type in its
/// name if that agrees, else with its matrices scaled.
///
/// Accuracy: as it was, or assumed; `types_note` says why
/// Errors:   invalid_argument  it was read from a file, or none of it can be of that size
[[nodiscard]] result<model> of_size(model m, bytes file);

/// Data of the tensors of as_file().
/// Errors: as as_file
[[nodiscard]] result<bytes> data_of(const model& shape, const catalogued_file& file);
[[nodiscard]] result<bytes> data_of(const quantizer& shape, const catalogued_file& file);

}  // namespace vrambudget
