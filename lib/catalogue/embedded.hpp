// Data files that are part of the program. cmake/embed.cmake writes the definitions.
#pragma once

#include <span>
#include <string_view>

namespace vrambudget::detail {

/// One file of data/ as it was when the library was built.
struct embedded_file {
  std::string_view stem;  ///< the file's name without folder and ".json"
  std::string_view text;
};

std::span<const embedded_file> gpus_json();             ///< data/gpus.json, one file
std::span<const embedded_file> other_gpus_json();       ///< data/other_gpus.json, one file
std::span<const embedded_file> aliases_json();          ///< data/aliases.json, one file
std::span<const embedded_file> published_sizes_json();  ///< data/published_sizes.json, one file
std::span<const embedded_file> published_json();        ///< data/published.json, one file
std::span<const embedded_file> asked_tensors_json();    ///< data/asked_tensors.json, one file
std::span<const embedded_file> quality_json();          ///< data/quality.json, one file
std::span<const embedded_file> overheads_json();        ///< data/overheads.json, one file
std::span<const embedded_file> prompt_shares_json();    ///< data/prompt_shares.json, one file
std::span<const embedded_file> decode_shares_json();    ///< data/decode_shares.json, one file
std::span<const embedded_file> unknown_projectors_json();  ///< data/unknown_projectors.json, one file
std::span<const embedded_file> projector_shapes();      ///< data/projectors/*.json, sorted by stem
std::span<const embedded_file> model_shapes();          ///< data/models/*.json, sorted by stem

}  // namespace vrambudget::detail
