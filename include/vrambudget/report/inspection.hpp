// What is inside of a file, as text and as JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/model/file_kind.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget {

/// A file that is looked into.
struct inspected {
  std::string typed;  ///< as it was named
  request::opened_model file;
  request::network_use used = {};  ///< what it took to fetch

  [[nodiscard]] file_kind kind() const { return kind_of(file.headers.front()); }
};

/// A model: what its header says, which recipe it looks like, its tensors by use, type and layer; or what else the
/// file is. In lines of 80 columns.
[[nodiscard]] std::string inspection_text(const inspected& f);
/// One JSON object and a line feed.
[[nodiscard]] std::string inspection_json(const inspected& f);

/// Two models tensor by tensor: what only one has, which types differ. In lines of 80 columns.
[[nodiscard]] std::string difference_text(const model& a, const model& b);
[[nodiscard]] std::string difference_json(const model& a, const model& b);
/// Whether all tensors are in both, with the same shapes and types.
[[nodiscard]] bool have_same_tensors(const model& a, const model& b);

/// The keys in which a regular expression is found, and their values, cut where they are long.
/// Errors: those of name_pattern::compile()
[[nodiscard]] result<std::string> metadata_text(const gguf::header& h, const std::string& pattern);
[[nodiscard]] result<std::string> metadata_json(const gguf::header& h, const std::string& pattern);

}  // namespace vrambudget
