#include "vrambudget/request/model_reader.hpp"

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "os/files.hpp"
#include "os/paths.hpp"
#include "vrambudget/catalogue/models.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/model/file_kind.hpp"
#include "vrambudget/model/projector_inside.hpp"

namespace vrambudget::request {
namespace {

constexpr std::string_view ollamas = "ollama:";

bool looks_like_path(const std::string& s) {
  return s.find('/') != std::string::npos || s.ends_with(".gguf");
}

result<model> model_of(const model_file& f, const std::string& path) {
  auto m = model_of_headers(f.headers, path, f.total_size);
  if (m) m->path = f.paths.front();
  return m;
}

/// The text model of what Ollama keeps, under its name there: a blob's own is its digest.
result<model> as_stored(result<model> m, const stored_model& s) {
  if (!m || !is_ollamas(s.name)) return m;
  m->name = s.name;
  keep_text_model(*m);
  return m;
}

/// A shape's header and its bytes.
struct shape_header {
  std::vector<std::byte> data;
  std::vector<gguf::header> headers;
};

/// "Qwen3-8B-Q4_K_M" of "Qwen/Qwen3-8B-GGUF:Q4_K_M", and of a file in a repository its name.
std::string file_meant(std::string_view repository) {
  const std::size_t slash = repository.rfind('/');
  std::string name(repository.substr(slash == repository.npos ? 0 : slash + 1)), tag;
  if (name.ends_with(".gguf")) return name;
  if (const std::size_t colon = name.find(':'); colon != name.npos) {
    tag = "-" + name.substr(colon + 1);
    name.resize(colon);
  }
  if (name.ends_with("-GGUF") || name.ends_with("-gguf")) name.resize(name.size() - 5);
  return name + tag;
}

/// No name is a way out of a store.
error as_not_found(error e) {
  if (e.code == errc::invalid_argument) e.code = errc::not_found;
  return e;
}

}  // namespace

result<model> model_of_headers(std::span<const gguf::header> headers, const std::string& path,
                               bytes file_size) {
  if (is_projector(headers.front()))
    return error{errc::unsupported, path + ": a projector and not a model: give it with --mmproj"};
  auto m = read_model(headers);
  if (!m)
    if (const file_kind kind = kind_of(headers.front()); kind != file_kind::model)
      return error{errc::unsupported, path + ": no model, but " + std::string(name(kind))};
  if (!m) return in_context(path, m.error());
  m->path = path;
  m->file_size = file_size;
  if (m->name.empty()) m->name = detail::stem_of(path);
  return m;
}

store_folders usual_folders(const environment& e) {
  store_folders f;
  f.ollama = e.ollama_models;
  if (f.ollama.empty() && !e.home.empty()) f.ollama = e.home + "/.ollama/models";
  if (!e.hf_hub_cache.empty())
    f.hubs.push_back(e.hf_hub_cache);
  else if (!e.hf_home.empty())
    f.hubs.push_back(e.hf_home + "/hub");
  else if (!e.cache_folder.empty())
    f.hubs.push_back(e.cache_folder + "/huggingface/hub");
  if (!e.llama_cache.empty()) f.hubs.push_back(e.llama_cache);  // the engine keeps it as a hub
  if (!e.llama_cache.empty())
    f.model_folders.push_back(e.llama_cache);
  else if (!e.cache_folder.empty())
    f.model_folders.push_back(e.cache_folder + "/llama.cpp");
  if (!e.home.empty()) {
    f.model_folders.push_back(e.home + "/.lmstudio/models");
    f.model_folders.push_back(e.home + "/.cache/lm-studio/models");
  }
  return f;
}

bool is_ollamas(std::string_view typed) { return typed.starts_with(ollamas); }

result<stored_model> find_ollamas(const environment& around, std::string_view typed) {
  const std::string folder = usual_folders(around).ollama;
  if (folder.empty())
    return error{errc::not_found, std::string(typed) + ": neither OLLAMA_MODELS nor HOME is set"};
  auto found = ollama_model(folder, typed.substr(ollamas.size()));
  return found ? std::move(found) : result<stored_model>(as_not_found(found.error()));
}

model_reader::model_reader(source_options sources, environment around, reading_listener listener)
    : sources_(sources), around_(std::move(around)), listener_(std::move(listener)) {}

const std::vector<stored_model>& model_reader::stored() {
  if (!stored_) stored_ = stored_models(usual_folders(around_));
  return *stored_;
}

bool looks_like_repository(std::string_view typed) {
  const std::size_t slash = typed.find('/');
  if (slash == 0 || slash == typed.npos || typed.find('/', slash + 1) != typed.npos) return false;
  if (typed.ends_with(".gguf") || typed.front() == '.' || typed.front() == '~') return false;
  return typed.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "-_./:") == typed.npos;
}

bool model_reader::finds_file(const std::string& typed) {
  if (is_remote(typed) || is_ollamas(typed) || detail::is_there(typed)) return true;
  const auto whole = find_whole_name(stored(), typed);
  return whole && *whole;
}

/// A repository by its name; where it cannot be read, what the catalogue has by the name.
result<model> model_reader::read_repository(const std::string& typed, const std::string& hub_name) {
  auto there = read_remote(hub_name);
  if (there) return there;
  const auto known = find_catalogued_file(file_meant(typed));
  if (!known) return there;
  if (listener_.note)
    listener_.note(typed + ": " + known->name + " of the catalogue stands for it; " +
                   there.error().message);
  return read_known(*known);
}

template <class Files>
void model_reader::keep(std::shared_ptr<Files> files, std::string path, bytes size) {
  const std::span<const gguf::header> headers = files->headers;
  opened_.emplace(
      opened_model{std::move(path), headers, files, size, error{errc::not_found, "not read"}});
  if constexpr (std::is_same_v<Files, model_file>)
    opened_->check_unchanged = [files] { return files->check_unchanged(); };
}
template void model_reader::keep(std::shared_ptr<remote_model>, std::string, bytes);

result<model> model_reader::read_file(const std::string& path) {
  auto f = open_model_file(path);
  if (!f) return f.error();
  const auto files = std::make_shared<model_file>(std::move(*f));
  if (is_opening_) keep(files, files->paths.front(), files->total_size);
  auto m = model_of(*files, path);
  if (auto same = files->check_unchanged(); !same) return same.error();
  return m;
}

result<model> model_reader::read_kept(const stored_model& s) {
  return as_stored(read_file(s.path), s);
}

result<void> model_reader::keep_shape(std::string_view text) {
  auto data = header_from_shape(text);
  if (!data) return data.error();
  const auto shape = std::make_shared<shape_header>();
  shape->data = std::move(*data);
  auto parsed = gguf::parse(shape->data, {.check_data = false});
  if (!parsed) return parsed.error();
  shape->headers.push_back(std::move(*parsed));
  keep(shape, {}, {});
  return {};
}

result<model> model_reader::read_known(const catalogued_file& f) {
  if (is_opening_)
    if (const auto kept = keep_shape(f.shape->shape); !kept) return kept.error();
  auto m = read_catalogued(f);
  if (m && f.is_estimated()) size_note_ = m->types_note;
  return m;
}

result<opened_model> model_reader::open(const std::string& typed) {
  opened_.reset();
  is_opening_ = true;
  result<model> m = read(typed);
  is_opening_ = false;
  if (!opened_) {
    const auto shape = find_projector(typed);
    if (!shape || !shape->is_called(typed)) return m.error();
    if (const auto kept = keep_shape(shape->shape); !kept) return kept.error();
  }
  opened_model out = std::move(*opened_);
  opened_.reset();
  out.m = std::move(m);
  return out;
}

result<model> model_reader::read(const std::string& typed) {
  size_note_.clear();
  if (const std::string hub = hub_name_of_page(typed); !hub.empty()) return read(hub);
  if (typed.starts_with("hf:")) return read_repository(typed.substr(3), typed);
  if (is_remote(typed)) return read_remote(typed);
  if (is_ollamas(typed)) {
    const auto found = find_ollamas(around_, typed);
    return found ? read_kept(*found) : result<model>(found.error());
  }
  // a shell leaves "~" in quotes, and files have it
  if (typed.starts_with("~/") && !around_.home.empty())
    if (const std::string path = around_.home + typed.substr(1);
        detail::is_there(path))
      return read_file(path);
  return detail::is_there(typed) ? read_file(typed) : read_named(typed);
}

result<model> model_reader::read_named(const std::string& typed) {
  const auto whole = find_whole_name(stored(), typed);
  if (!whole) return whole.error();
  if (*whole) return read_kept(**whole);
  if (looks_like_repository(typed)) return read_repository(typed, "hf:" + typed);
  // of a file that is not here its name may say enough, whatever folder it lies in elsewhere
  const std::size_t slash = typed.find_last_of("/\\");
  const bool is_elsewhere = slash != typed.npos && typed.ends_with(".gguf");
  const auto known = find_catalogued_file(is_elsewhere ? typed.substr(slash + 1) : typed);
  if (looks_like_path(typed)) {
    if (!known || (slash != typed.npos && !is_elsewhere)) return read_file(typed);
    if (listener_.note)
      listener_.note(typed + ": no such file; " + known->name + " of the catalogue stands for it");
  }
  if (known) return read_known(*known);
  const auto begins = find_stored_model(stored(), typed);
  if (begins) return read_kept(*begins);
  const bool is_one_of_several = begins.error().message.find(" can be ") != std::string::npos;
  return error{errc::not_found, "no file '" + typed + "', and " +
                                    (is_one_of_several ? begins.error() : known.error()).message};
}

result<model> read_stored(const stored_model& s) {
  const auto f = open_model_file(s.path);
  return f ? as_stored(model_of(*f, s.path), s) : result<model>(f.error());
}

result<model> read_catalogued(const catalogued_file& f) {
  const auto shape = read_shape(*f.shape);
  return shape ? as_file(*shape, f) : result<model>(shape.error());
}

}  // namespace vrambudget::request
