// A model on disk: the parsed headers of one GGUF file or of a whole split set.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/io/header_file.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A model's files in the order of the set. The headers are views into the files.
struct model_file {
  std::vector<std::string> paths;
  std::vector<header_file> files;
  std::vector<gguf::header> headers;  ///< the first has the model's metadata
  bytes total_size;                   ///< of all files, headers and padding included

  /// Whether all are as they were opened. Errors: header_file::check_unchanged()'s
  [[nodiscard]] result<void> check_unchanged() const;
};

/// Opens a model by the path of its file, or of any file of its split set. The engine wants the
/// first file of a set; here the others lead to it.
///
/// Errors: io  a file cannot be opened; the message names it and its place in the set
///         what gguf::parse() and gguf::check_split() give, with the path in front
[[nodiscard]] result<model_file> open_model_file(const std::string& path);

}  // namespace vrambudget
