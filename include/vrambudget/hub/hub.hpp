// Which file of a Hugging Face repository a person means. The files' headers are remote_model.hpp's.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/hub/http.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A GGUF file of a repository.
struct hub_file {
  std::string path;  ///< within the repository: "UD-Q4_K_XL/Model-UD-Q4_K_XL-00001-of-00003.gguf"
  bytes size;        ///< zero: unknown
};

/// What is typed as `hf:org/repo`, `hf:org/repo:Q4_K_M` or `hf:org/repo/file.gguf`.
struct hub_name {
  std::string repo;  ///< "org/repo"
  std::string tag;   ///< quantization as typed; empty: none
  std::string file;  ///< path of a file; empty: to be chosen
};

/// Takes such a name apart, "hf:" already removed.
/// Errors: invalid_argument  another form, or characters that no repository has
[[nodiscard]] result<hub_name> parse_hub_name(std::string_view typed);

/// "hf:org/repo" for the address of its page, with or without https:// and a tag behind a colon, "hf:org/repo/file.gguf"
/// for that of a file's page on its main branch: what people copy from a browser. Empty: it is no such address.
[[nodiscard]] std::string hub_name_of_page(std::string_view typed);

/// All GGUF files of a repository, in its order. `endpoint`: "https://huggingface.co".
/// Errors: not_found, io, bad_format  as http_client::get(), or an answer that is not such a list
[[nodiscard]] result<std::vector<hub_file>> list_hub_files(http_client& client,
                                                           const std::string& endpoint,
                                                           const std::string& repo);

/// The file, the first one of a split set, that llama-server's `-hf` takes: the first whose path has
/// the tag before a dot or hyphen, in any case; without a tag Q4_K_M, else Q8_0, else the first model.
///
/// Errors: not_found  none; lists the quantizations there are
/// Source: llama.cpp, common/download.cpp: find_best_model
[[nodiscard]] result<hub_file> choose_hub_file(std::span<const hub_file> files,
                                               const hub_name& name);

/// Whether a file is no model of its own: a projector, an importance matrix, a draft beside a model.
/// Source: llama.cpp, common/download.cpp: gguf_filename_is_model
[[nodiscard]] bool is_sidecar(std::string_view path);

/// The quantization in a file's name, in capitals: "UD-Q4_K_XL"; empty where it has none.
[[nodiscard]] std::string quantization_of(std::string_view path);

/// The quantizations of the models among the files, each once, in their order.
[[nodiscard]] std::vector<std::string> quantizations_of(std::span<const hub_file> files);

/// Paths of the projectors among the files.
[[nodiscard]] std::vector<std::string> projectors_of(std::span<const hub_file> files);

/// The address of a file's bytes.
[[nodiscard]] std::string hub_file_url(const std::string& endpoint, const std::string& repo,
                                       const std::string& path);

}  // namespace vrambudget
