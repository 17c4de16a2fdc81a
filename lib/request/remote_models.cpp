// The reader's models on servers: which file hf: names, and its header.
#include <fmt/format.h>

#include <chrono>
#include <optional>

#include "catalogue/names.hpp"
#include "vrambudget/hub/header_cache.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/hub/remote_model.hpp"
#include "vrambudget/hub/url.hpp"
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

result<model> model_reader::read_remote(const std::string& typed) {
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
  const auto r = open_remote_model(from, chosen.url);
  if (!r) return r.error();
  auto m = read_model(r->headers);
  if (!m) return in_context(shown_url(chosen.url), m.error());
  m->path = shown_url(chosen.url);
  m->file_size = r->total_size.value_or(bytes{});
  if (m->name.empty()) m->name = m->path.substr(m->path.rfind('/') + 1);
  if (client) {
    used_.traffic.n_requests += client->traffic().n_requests;
    used_.traffic.body += client->traffic().body;
  }
  used_.seconds += std::chrono::duration<double>(clock::now() - start).count();
  return m;
}

}  // namespace vrambudget::request
