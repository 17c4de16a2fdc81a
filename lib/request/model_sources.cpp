// The environment's part in finding models: tokens, endpoints, caches, other programs' folders.
#include "model_sources.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include "catalogue/names.hpp"
#include "inputs.hpp"
#include "vrambudget/hub/header_cache.hpp"
#include "vrambudget/hub/hub.hpp"
#include "vrambudget/hub/remote_model.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/report/text.hpp"

namespace vrambudget::request {
namespace {

using clock = std::chrono::steady_clock;

struct source_options {
  bool offline = false, no_cache = false;
  std::uint32_t timeout = http_settings{}.stall_seconds, retries = http_settings{}.n_retries;
};

source_options& options() {
  static source_options all;
  return all;
}

network_use& use() {
  static network_use all;
  return all;
}

/// The first of some variables that is set and not empty.
std::string variable(std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const char* value = std::getenv(name); value && *value) return value;
  return {};
}

std::string home() { return variable({"HOME"}); }

std::string cache_folder() {
  const std::string xdg = variable({"XDG_CACHE_HOME"});
  return xdg.empty() ? (home().empty() ? "" : home() + "/.cache") : xdg;
}

std::string endpoint() {
  std::string e = variable({"HF_ENDPOINT", "MODEL_ENDPOINT"});
  while (e.ends_with('/')) e.pop_back();
  return e.empty() ? "https://huggingface.co" : e;
}

/// A line on the terminal that says what is being waited for; it goes away again.
class progress_line {
 public:
  explicit progress_line(std::string what) : what_(std::move(what)) {}
  progress_line(const progress_line&) = delete;
  progress_line& operator=(const progress_line&) = delete;
  ~progress_line() {
    if (is_shown_) fmt::print(stderr, "\r\x1b[K");
  }

  void operator()(const http_traffic& t) {
    const auto now = clock::now();
    if (!is_terminal_ || now - last_ < std::chrono::milliseconds(is_shown_ ? 100 : 700)) return;
    last_ = now;
    is_shown_ = true;
    fmt::print(stderr, "\r\x1b[K{}: {}", what_, in_mib(t.body));
    std::fflush(stderr);
  }

 private:
  std::string what_;
  bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
  bool is_shown_ = false;
  clock::time_point last_ = clock::now();
};

http_settings settings() {
  http_settings s;
  s.token = variable({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"});
  s.token_origins = {"https://huggingface.co", endpoint()};
  s.ca_file = variable({"CURL_CA_BUNDLE", "SSL_CERT_FILE"});
  s.stall_seconds = options().timeout;
  s.connect_seconds = std::min(s.connect_seconds, options().timeout);
  s.n_retries = options().retries;
  return s;
}

/// The file that `hf:` names, from the repository's list, or offline from what is kept.
std::string hub_url(http_client* client, const header_cache* cache, const std::string& typed) {
  const hub_name name = value_or_fail(parse_hub_name(typed.substr(3)), usage);
  if (!name.file.empty()) return hub_file_url(endpoint(), name.repo, name.file);
  std::vector<hub_file> files;
  if (client != nullptr) {
    files = value_or_fail(list_hub_files(*client, endpoint(), name.repo), bad_input);
  } else {
    const std::string beginning = hub_file_url(endpoint(), name.repo, "");
    if (cache != nullptr)
      for (const std::string& url : cache->kept_urls(beginning))
        files.push_back({url.substr(beginning.size()), {}});
    if (files.empty())
      throw failure{bad_input, typed + ": offline, and no header of it has been kept"};
  }
  const hub_file file = value_or_fail(choose_hub_file(files, name), bad_input);
  const std::string url = hub_file_url(endpoint(), name.repo, file.path);
  if (!name.tag.empty() || client == nullptr) return url;
  std::string note = fmt::format("{}: {}", typed, file.path);
  if (const auto all = quantizations_of(files); all.size() > 1)
    note += fmt::format(" of {}", detail::joined(all));
  if (const auto all = projectors_of(files); !all.empty())
    note += fmt::format("; projector {}", detail::joined(all));
  fmt::print(stderr, "vrambudget: {}\n", note);
  return url;
}

}  // namespace

void add_source_options(CLI::App& app) {
  source_options& o = options();
  const char* group = "Models on servers";
  app.add_flag("--offline", o.offline, "only headers that were kept")->group(group);
  app.add_flag("--no-cache", o.no_cache, "keep no headers, use none that were kept")->group(group);
  app.add_option("--timeout", o.timeout, "give up on a server that sends nothing for so long [20]")
      ->type_name("SECONDS")
      ->check(CLI::Range(1, 3600))
      ->group(group);
  app.add_option("--retries", o.retries, "after 429, 5xx, a cut or stalled transfer [4]")
      ->type_name("N")
      ->check(CLI::Range(0, 100))
      ->group(group);
}

void forget_source_options() { options() = {}; }

bool is_remote(const std::string& typed) {
  return typed.starts_with("https://") || typed.starts_with("http://") || typed.starts_with("hf:");
}

model load_remote(const std::string& typed) {
  const source_options& o = options();
  if (o.offline && o.no_cache)
    throw failure{usage, "--offline and --no-cache leave no place to read " + typed + " from"};
  const auto start = clock::now();
  std::optional<header_cache> cache;
  if (const std::string folder = cache_folder(); !folder.empty() && !o.no_cache)
    cache.emplace(folder + "/vrambudget/headers");
  progress_line line("reading the header of " +
                     (typed.starts_with("hf:") ? typed : shown_url(typed)));
  std::optional<http_client> client;
  if (!o.offline) client.emplace(settings(), std::ref(line));
  const header_source from{client ? &*client : nullptr, cache ? &*cache : nullptr};
  const std::string url =
      typed.starts_with("hf:") ? hub_url(from.client, from.cache, typed) : typed;
  const remote_model r = value_or_fail(open_remote_model(from, url), bad_input);
  auto m = read_model(r.headers);
  if (!m) throw failure{bad_input, shown_url(url) + ": " + m.error().message, m.error().code};
  m->path = shown_url(url);
  m->file_size = r.total_size.value_or(bytes{});
  if (m->name.empty()) m->name = m->path.substr(m->path.rfind('/') + 1);
  if (client) {
    use().traffic.n_requests += client->traffic().n_requests;
    use().traffic.body += client->traffic().body;
  }
  use().seconds += std::chrono::duration<double>(clock::now() - start).count();
  return std::move(*m);
}

const network_use& network_so_far() { return use(); }

store_folders usual_folders() {
  store_folders f;
  const std::string h = home(), cache = cache_folder();
  f.ollama = variable({"OLLAMA_MODELS"});
  if (f.ollama.empty() && !h.empty()) f.ollama = h + "/.ollama/models";
  const std::string hub = variable({"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}),
                    hf = variable({"HF_HOME"}), llama = variable({"LLAMA_CACHE"});
  if (!hub.empty())
    f.hubs.push_back(hub);
  else if (!hf.empty())
    f.hubs.push_back(hf + "/hub");
  else if (!cache.empty())
    f.hubs.push_back(cache + "/huggingface/hub");
  if (!llama.empty()) f.hubs.push_back(llama);  // the engine keeps it as a hub in newer releases
  if (!llama.empty())
    f.model_folders.push_back(llama);
  else if (!cache.empty())
    f.model_folders.push_back(cache + "/llama.cpp");
  if (!h.empty()) {
    f.model_folders.push_back(h + "/.lmstudio/models");
    f.model_folders.push_back(h + "/.cache/lm-studio/models");
  }
  return f;
}

const std::vector<stored_model>& models_on_disk() {
  static const std::vector<stored_model> all = stored_models(usual_folders());
  return all;
}

}  // namespace vrambudget::request
