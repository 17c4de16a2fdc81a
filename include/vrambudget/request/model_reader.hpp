// Models as people name them: by path, on servers, in the stores of other programs, in the catalogue.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/catalogue/catalogued_file.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/gguf/header.hpp"
#include "vrambudget/hub/http.hpp"
#include "vrambudget/hub/model_store.hpp"
#include "vrambudget/hub/remote_model.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/os/environment.hpp"
#include "vrambudget/request/plan_request.hpp"

namespace vrambudget::request {

/// How far the reading of a model on a server is.
struct reading_progress {
  std::string_view what;  ///< its name, or its address as it may be shown
  bytes arrived;
  bool is_over = false;  ///< nothing more comes of it
};

/// Who is told while models are read; either may be absent.
struct reading_listener {
  std::function<void(const reading_progress&)> progress = {};
  std::function<void(const std::string&)> note = {};  ///< a line: which file of several was chosen
};

/// What was taken from the network, and how long it took.
struct network_use {
  http_traffic traffic;
  double seconds = 0;
};

/// What a name stands for, with its headers, which say more than a model does.
struct opened_model {
  std::string path;  ///< or address, as it may be shown; empty: of the catalogue
  std::span<const gguf::header> headers;  ///< the first has the metadata
  std::shared_ptr<const void> keeps;      ///< what the headers are views into
  bytes size;                             ///< of all files; zero: not known
  result<model> m;                        ///< or why it is no model that runs
  /// Whether the files are still what was read. Errors: model_file::check_unchanged()'s
  std::function<result<void>()> check_unchanged = [] { return result<void>(); };

  /// Whether it is a shape of the catalogue, which has no vocabulary.
  [[nodiscard]] bool is_shape() const { return path.empty(); }
};

/// A file's headers, or those of all files of its set in order, while they are looked at.
struct looked_at {
  std::vector<std::string> paths;  ///< or addresses, as they may be shown
  std::vector<bytes> sizes;        ///< of the files; empty: not known
  std::span<const gguf::header> headers;
};
using look = std::function<result<void>(const looked_at&)>;

/// Where other programs keep models.
[[nodiscard]] store_folders usual_folders(const environment& around);

/// Whether it names a model of Ollama's store: "ollama:qwen3:8b".
[[nodiscard]] bool is_ollamas(std::string_view typed);

/// The model of Ollama's store that is so named.
/// Errors: not_found  there is no store, or as ollama_model(), what else that gives
[[nodiscard]] result<stored_model> find_ollamas(const environment& around, std::string_view typed);

/// Whether it is a model on a server: "https://...", "http://..." or "hf:...".
[[nodiscard]] bool is_remote(std::string_view typed);

/// Whether it is written as a repository of the hub, "org/repo" or "org/repo:Q4_K_M".
[[nodiscard]] bool looks_like_repository(std::string_view typed);

/// Reads models. What other programs have on this disk is looked for once, when a name is first asked for.
class model_reader {
 public:
  explicit model_reader(source_options sources = {}, environment around = environment_of_process(),
                        reading_listener listener = {});

  /// Whether a name can be asked for at all, before a server is.
  /// Errors: invalid_argument  no form of hf:, or sources that leave nothing to read from
  [[nodiscard]] result<void> check(const std::string& typed) const;

  /// A model by path, address, hf:, ollama:, or the name of one on this disk or in the catalogue.
  ///
  /// Errors: not_found         no file, model or quantization of that name
  ///         invalid_argument  an address that cannot be one
  ///         those of check()
  ///         what the file, the server, and read_model() give
  [[nodiscard]] result<model> read(const std::string& typed);

  /// The same with its headers; also a file that is no model, and a catalogued projector by its name.
  /// Errors: those of read() where there is no file, or none of GGUF
  [[nodiscard]] result<opened_model> open(const std::string& typed);

  /// Of the model that was read last in words that its size is estimated, and what it is within; empty: it is not.
  [[nodiscard]] const std::string& size_note() const { return size_note_; }

  /// The shape of a file, here or on a server, as the catalogue keeps those of its models.
  /// Errors: those of read() for files, and of shape_of_headers()
  [[nodiscard]] result<std::string> read_shape(const std::string& typed);

  /// The path of the file on this disk that a name means.
  /// Errors: not_found  none does, or only the catalogue knows the name
  [[nodiscard]] result<std::string> find_path(const std::string& typed);

  /// Shows the headers that a name means, here or on a server, to `show`.
  /// Errors: those of find_path() and read() for files, and what `show` gives
  [[nodiscard]] result<void> look_at(const std::string& typed, const look& show);

  /// Whether that is a file, here or on a server, and no name of the catalogue.
  [[nodiscard]] bool finds_file(const std::string& typed);

  /// The models that other programs have on this disk.
  [[nodiscard]] const std::vector<stored_model>& stored();

  [[nodiscard]] const network_use& used() const { return used_; }

 private:
  [[nodiscard]] result<remote_model> open_remote(const std::string& typed);
  [[nodiscard]] result<model> read_remote(const std::string& typed);
  [[nodiscard]] result<model> read_named(const std::string& typed);
  [[nodiscard]] result<model> read_file(const std::string& path);
  [[nodiscard]] result<model> read_kept(const stored_model& s);
  /// For open(): what was read.
  template <class Files>
  void keep(std::shared_ptr<Files> files, std::string path, bytes size);
  [[nodiscard]] result<void> keep_shape(std::string_view text);
  [[nodiscard]] result<model> read_repository(const std::string& typed,
                                              const std::string& hub_name);
  [[nodiscard]] result<model> read_known(const catalogued_file& f);

  source_options sources_;
  environment around_;
  reading_listener listener_;
  std::optional<std::vector<stored_model>> stored_;
  network_use used_;
  std::string size_note_;
  bool is_opening_ = false;
  std::optional<opened_model> opened_;
};

/// The model of a file's headers, named by its path where it has no name.
/// Errors: unsupported  a projector, or another file that is no model;  those of read_model()
[[nodiscard]] result<model> model_of_headers(std::span<const gguf::header> headers,
                                             const std::string& path, bytes file_size);

/// A model that another program put on this disk.
/// Errors: what the file and read_model() give
[[nodiscard]] result<model> read_stored(const stored_model& s);

/// A file of the catalogue.
/// Errors: unsupported, bad_format  not one that llama-quantize would write
[[nodiscard]] result<model> read_catalogued(const catalogued_file& f);

}  // namespace vrambudget::request
