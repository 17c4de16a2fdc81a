// The reader's models on servers: which file hf: names, and its header.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "catalogue/names.hpp"
#include "vrambudget/catalogue/shape.hpp"
#include "vrambudget/hub/header_cache.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/hub/remote_model.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/io/model_file.hpp"
#include "vrambudget/request/model_reader.hpp"

namespace vrambudget::request {
namespace {

using clock = std::chrono::steady_clock;

bool is_hub_name(std::string_view typed) { return typed.starts_with("hf:"); }

result<hub_name> hub_name_of(std::string_view typed) { return parse_hub_name(typed.substr(3)); }

http_settings settings_of(const source_options& o, const environment& e) {
  http_settings s;
  s.token = e.hf_token;
  s.token_origins = {"https://huggingface.co", e.hf_endpoint};
  s.ca_file = e.ca_file;
  s.total_seconds = s.total_seconds / s.stall_seconds * o.timeout;
  s.stall_seconds = o.timeout;
  s.connect_seconds = std::min(s.connect_seconds, o.timeout);
  s.n_retries = o.retries;
  return s;
}

/// Which file was chosen, and what else there is.
std::string note_of(const std::string& typed, const hub_file& chosen,
                    const std::vector<hub_file>& files) {
  std::string note = fmt::format("{}: {}", typed, chosen.path);
  if (const auto all = quantizations_of(files); all.size() > 1)
    note += fmt::format(" of {}", detail::joined(all));
  if (const auto all = projectors_of(files); !all.empty())
    note += fmt::format("; projector {}", detail::joined(all));
  return note;
}

/// The repository's files: by its list, or offline those of which headers were kept.
result<std::vector<hub_file>> files_of(const header_source& from, const std::string& endpoint,
                                       const std::string& repo) {
  if (from.client != nullptr) return list_hub_files(*from.client, endpoint, repo);
  std::vector<hub_file> files;
  const std::string beginning = hub_file_url(endpoint, repo, "");
  if (from.cache != nullptr)
    for (const std::string& url : from.cache->kept_urls(beginning))
      files.push_back({url.substr(beginning.size()), {}});
  return files;
}

/// The address of the file that a name means; a note where it leaves a choice.
struct hub_choice {
  std::string url, note;
};
result<hub_choice> choose(const header_source& from, const std::string& endpoint,
                          const std::string& typed) {
  const auto name = hub_name_of(typed);
  if (!name) return name.error();
  if (!name->file.empty()) return hub_choice{hub_file_url(endpoint, name->repo, name->file), {}};
  const auto files = files_of(from, endpoint, name->repo);
  if (!files) return files.error();
  if (files->empty() && from.client == nullptr)
    return error{errc::not_found, typed + ": offline, and no header of it has been kept"};
  const auto file = choose_hub_file(*files, *name);
  if (!file) return file.error();
  hub_choice c{hub_file_url(endpoint, name->repo, file->path), {}};
  if (name->tag.empty() && from.client != nullptr) c.note = note_of(typed, *file, *files);
  return c;
}

/// Says at the end that nothing more comes.
class told_progress {
 public:
  told_progress(const reading_listener& to, std::string what) : to_(to), what_(std::move(what)) {}
  told_progress(const told_progress&) = delete;
  told_progress& operator=(const told_progress&) = delete;
  ~told_progress() { tell(true); }

  void operator()(const http_traffic& t) {
    arrived_ = t.body;
    tell(false);
  }

 private:
  void tell(bool is_over) const {
    if (to_.progress) to_.progress({what_, arrived_, is_over});
  }

  const reading_listener& to_;
  std::string what_;
  bytes arrived_ = {};
};

/// "Qwen3-8B-UD-Q4_K_XL" of a path, without what numbers the files of a set, and where its quantization begins.
std::pair<std::string, std::string> named_by(const std::string& path) {
  std::string name = path.substr(path.find_last_of("/\\") + 1);
  name.resize(std::min(name.find('?'), name.size()));
  if (name.ends_with(".gguf")) name.resize(name.size() - 5);
  if (const std::size_t of = name.rfind("-of-");
      of != name.npos && of >= 6 && of + 9 == name.size())
    name.resize(of - 6);
  const std::size_t ud = name.find("UD-");
  const std::size_t dash = ud != name.npos && ud > 0 ? ud - 1 : name.find_last_of("-.");
  if (dash == name.npos) return {name, ""};
  name[dash] = '-';
  return {name, name.substr(dash + 1)};
}

result<std::string> shape_named_by(const std::string& path, std::span<const gguf::header> headers) {
  const auto [name, quantization] = named_by(path);
  auto shape = shape_of_headers(headers, name, quantization, "the header of " + path);
  if (!shape) return in_context(path, shape.error());
  return shape;
}

}  // namespace

bool is_remote(std::string_view typed) {
  return typed.starts_with("https://") || typed.starts_with("http://") || is_hub_name(typed);
}

result<void> model_reader::check(const std::string& typed) const {
  if (!is_remote(typed)) return {};
  if (sources_.offline && sources_.no_cache)
    return error{errc::invalid_argument,
                 "--offline and --no-cache leave no place to read " + typed + " from"};
  if (!is_hub_name(typed)) return {};
  const auto name = hub_name_of(typed);
  if (!name) return name.error();
  return {};
}

result<remote_model> model_reader::open_remote(const std::string& typed) {
  if (const auto ok = check(typed); !ok) return ok.error();
  const auto start = clock::now();
  std::optional<header_cache> cache;
  if (!around_.cache_folder.empty() && !sources_.no_cache)
    cache.emplace(around_.cache_folder + "/vrambudget/headers");
  told_progress progress(listener_, is_hub_name(typed) ? typed : shown_url(typed));
  std::optional<http_client> client;
  if (!sources_.offline) client.emplace(settings_of(sources_, around_), std::ref(progress));
  const header_source from{client ? &*client : nullptr, cache ? &*cache : nullptr};

  hub_choice chosen{typed, {}};
  if (is_hub_name(typed)) {
    auto c = choose(from, around_.hf_endpoint, typed);
    if (!c) return c.error();
    chosen = std::move(*c);
    if (!chosen.note.empty() && listener_.note) listener_.note(chosen.note);
  }
  auto r = open_remote_model(from, chosen.url);
  if (client) {
    used_.traffic.n_requests += client->traffic().n_requests;
    used_.traffic.body += client->traffic().body;
  }
  used_.seconds += std::chrono::duration<double>(clock::now() - start).count();
  return r;
}

result<model> model_reader::read_remote(const std::string& typed) {
  auto opened = open_remote(typed);
  if (!opened) return opened.error();
  const auto r = std::make_shared<remote_model>(std::move(*opened));
  const std::string url = shown_url(r->urls.front());
  if (is_opening_) keep(r, url, r->total_size.value_or(bytes{}));
  auto m = read_model(r->headers);
  if (!m) return in_context(url, m.error());
  m->path = url;
  m->file_size = r->total_size.value_or(bytes{});
  if (m->name.empty()) m->name = url.substr(url.rfind('/') + 1);
  return m;
}

result<std::string> model_reader::read_shape(const std::string& typed) {
  if (is_remote(typed)) {
    const auto r = open_remote(typed);
    return r ? shape_named_by(shown_url(r->urls.front()), r->headers)
             : result<std::string>(r.error());
  }
  const auto f = open_model_file(typed);
  return f ? shape_named_by(typed, f->headers) : result<std::string>(f.error());
}

}  // namespace vrambudget::request
