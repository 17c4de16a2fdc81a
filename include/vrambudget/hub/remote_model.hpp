// A model on a server: the headers of one GGUF file or of a whole split set, and nothing else of them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/hub/header_cache.hpp"
#include "vrambudget/hub/http.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A model's files in the order of the set. The headers are views into `data`.
struct remote_model {
  std::vector<std::string> urls;
  std::vector<std::vector<std::byte>> data;
  std::vector<gguf::header> headers;  ///< the first has the model's metadata
  std::optional<bytes> total_size;    ///< of all files; absent where a server did not tell
};

/// Where headers come from.
struct header_source {
  http_client* client = nullptr;        ///< null: offline, only what is kept
  const header_cache* cache = nullptr;  ///< null: nothing is kept
};

/// Reads a model by the address of its file, or of any file of its split set: the names of the others
/// follow from it, a query stays as it is.
///
/// Errors: not_found  offline and not kept
///         what read_remote_header(), gguf::split_of(), gguf::check_split() give, after the address
[[nodiscard]] result<remote_model> open_remote_model(const header_source& from,
                                                     const std::string& url);

}  // namespace vrambudget
