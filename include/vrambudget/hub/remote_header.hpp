// The beginning of a GGUF file on a server: no more of it than its header takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/hub/http.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What is known of a file on a server.
struct remote_header {
  std::vector<std::byte> data;         ///< the file's beginning
  std::string validator;               ///< the server's ETag or Last-Modified of it; empty: none
  std::optional<std::uint64_t> total;  ///< size of the whole file in bytes, if the server told
  bool is_complete = false;            ///< `data` is the header, nothing missing and nothing behind
};

/// Gets a header: a first range of `first_range`, then half as much again, or what the parser says it
/// needs, until it is whole. A server that ignores ranges is cut off then. `known` is what an earlier
/// try brought, whole or not: it is asked about, gone on from, or dropped if the file has changed.
/// On failure what has arrived stays in `known`. A server that answers with less than it is asked for is asked again, up
/// to 64 times in all.
///
/// Errors: truncated  the file is too short for its header or for its tensors' data
///         io         the file changes with every answer, or the server has answered 64 times with too little
///         what http_client::get(), gguf::header_extent() and gguf::parse() give; messages begin with the address
[[nodiscard]] result<void> read_remote_header(http_client& client, const std::string& url,
                                              bytes first_range, remote_header& known);

}  // namespace vrambudget
