// Models that other programs have put on this disk: Ollama, Hugging Face's and llama.cpp's caches, LM
// Studio. Found by name; opening them is model_file.hpp's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Where to look; a folder that is not there has no models.
struct store_folders {
  std::string ollama;             ///< with manifests/ and blobs/
  std::vector<std::string> hubs;  ///< with models--org--repo/snapshots/
  std::vector<std::string>
      model_folders;  ///< GGUF files, also in folders below: llama.cpp, LM Studio
};

/// A model on this disk.
struct stored_model {
  std::string name;       ///< "Qwen3-8B-Q4_K_M" for a file, "ollama:qwen3:8b"
  std::string repo;       ///< "org/repo", where the place says it
  std::string path;       ///< of its file, the first one of a split set
  bytes size;             ///< of that file
  std::string projector;  ///< path of the projector that belongs to it; empty: none is known
};

/// All models of all stores, sorted by name. Links in circles, unreadable folders and broken manifests
/// are passed over; at most 20000 folder entries are looked at in each place.
[[nodiscard]] std::vector<stored_model> stored_models(const store_folders& where);

/// The model whose name, with or without its repository, is `typed`, or the only one whose name begins
/// so, in any case and with any punctuation.
///
/// Errors: not_found  none, or several, which it lists
[[nodiscard]] result<stored_model> find_stored_model(const std::vector<stored_model>& all,
                                                     std::string_view typed);
/// The same, but only whole names count.
[[nodiscard]] result<std::optional<stored_model>> find_whole_name(
    const std::vector<stored_model>& all, std::string_view typed);

/// The file of "name", "name:tag", "namespace/name:tag" or "host/namespace/name:tag" in Ollama's store.
///
/// Errors: invalid_argument  a name that would leave the store
///         not_found         no such manifest, none of its layers is a model, or the blob is missing
///         bad_format        a manifest that is not one, or a digest that is not sha256
///         limit             a manifest of over 1 MiB
[[nodiscard]] result<stored_model> ollama_model(const std::string& folder, std::string_view name);

}  // namespace vrambudget
