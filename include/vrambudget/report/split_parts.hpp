// What each file of a split set holds, as text and JSON.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A file of a set.
struct split_part {
  std::string path;  ///< or address
  std::size_t n_tensors = 0;
  bytes tensor_bytes;
  bytes file_size;  ///< header, data and their padding
  std::optional<std::pair<int, int>>
      layers;                     ///< the first and the last of those that it has tensors of
  std::size_t n_of_no_layer = 0;  ///< tensors
  std::size_t n_keys = 0;         ///< of metadata, without those of the set itself
};

/// The parts of a set, given the path or address of its first file; none where it is not split.
/// Errors: those of gguf::split_of() and gguf::split_paths()
[[nodiscard]] result<std::vector<split_part>> split_parts(std::span<const gguf::header> files,
                                                          const std::string& path);

/// A line each, under a title; empty: there are none.
[[nodiscard]] std::string split_parts_text(std::span<const split_part> parts);
/// An array of objects: path, file_bytes, tensor_count, tensor_bytes, layers (first and last), metadata_keys.
[[nodiscard]] std::string split_parts_json(std::span<const split_part> parts);

}  // namespace vrambudget
