// Headers that were once fetched, kept in a folder, so that they are asked about and not sent again.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/hub/remote_header.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// One file an address, with the validator its content had, which this user alone may read. Several processes may use a
/// folder.
class header_cache {
 public:
  /// `folder` is made when the first header is kept; all of them together stay below `bound`.
  explicit header_cache(std::string folder, bytes bound = bytes{512u << 20})
      : folder_(std::move(folder)), bound_(bound) {}

  /// What is kept of an address, whole or only its beginning, and marks it as used. Nothing, where a bit of it is not as
  /// it was written.
  [[nodiscard]] std::optional<remote_header> find(const std::string& url) const;

  /// The addresses of whole headers that begin so.
  [[nodiscard]] std::vector<std::string> kept_urls(const std::string& beginning) const;

  /// Keeps a header in the place of an older one, and removes those unused for longest while all are
  /// over the bound. One without a validator is not kept, nor one over the bound, nor one whose address may hold
  /// secrets. What a process that was ended has left behind is removed.
  /// Errors: io  the folder cannot be written to
  [[nodiscard]] result<void> keep(const std::string& url, const remote_header& h) const;

 private:
  [[nodiscard]] std::string path_of(const std::string& url) const;
  void remove_oldest() const;
  void remove_leftovers() const;

  std::string folder_;
  bytes bound_;
};

}  // namespace vrambudget
