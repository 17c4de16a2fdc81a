// Fetches a model's headers, through the cache if there is one.
#include "vrambudget/hub/remote_model.hpp"

#include <fmt/format.h>

#include <utility>

#include "vrambudget/gguf/split.hpp"
#include "vrambudget/hub/url.hpp"

namespace vrambudget {
namespace {

// The first file of a model has its vocabulary; the others have only tensors.
constexpr bytes first_range{2u << 20};
constexpr bytes first_range_of_others{64u << 10};

result<remote_header> fetch(const header_source& from, const std::string& url, bytes range) {
  remote_header h;
  if (from.cache != nullptr)
    if (auto kept = from.cache->find(url)) h = std::move(*kept);
  if (from.client == nullptr) {
    if (h.is_complete) return h;
    return error{errc::not_found, shown_url(url) + ": offline, and its header has not been kept"};
  }
  const std::size_t n_kept = h.data.size();
  const std::string validator = h.validator;
  const result<void> got = read_remote_header(*from.client, url, range, h);
  // what has arrived before a failure saves the next try that much
  if (from.cache != nullptr && (h.data.size() != n_kept || h.validator != validator))
    (void)from.cache->keep(url, h);
  if (!got) return got.error();
  return h;
}

struct opened {
  std::vector<std::byte> data;
  gguf::header header;
  std::optional<bytes> total;
};

result<opened> open_one(const header_source& from, const std::string& url, bytes range) {
  auto h = fetch(from, url, range);
  if (!h) return h.error();
  opened one{std::move(h->data), {}, {}};
  if (h->total) one.total = bytes{*h->total};
  const gguf::parse_options options{one.total, one.total.has_value()};
  auto header = gguf::parse(one.data, options);
  if (!header) return in_context(shown_url(url), header.error());
  one.header = std::move(*header);
  return one;
}

void append(remote_model& m, const std::string& url, opened one) {
  m.urls.push_back(url);
  m.data.push_back(std::move(one.data));
  m.headers.push_back(std::move(one.header));
  if (m.total_size && one.total)
    *m.total_size += *one.total;
  else
    m.total_size.reset();
}

/// Splits an address before its query or fragment.
std::pair<std::string, std::string> without_query(const std::string& url) {
  const auto at = url.find_first_of("?#");
  return at == url.npos ? std::pair{url, std::string()}
                        : std::pair{url.substr(0, at), url.substr(at)};
}

}  // namespace

result<remote_model> open_remote_model(const header_source& from, const std::string& url) {
  auto given = open_one(from, url, first_range);
  if (!given) return given.error();
  const auto split = gguf::split_of(given->header);
  if (!split) return in_context(shown_url(url), split.error());
  remote_model m;
  m.total_size = bytes{};
  if (split->count == 1) {
    append(m, url, std::move(*given));
    return m;
  }
  const auto [path, query] = without_query(url);
  auto paths = gguf::split_paths(path, *split);
  if (!paths) return in_context(shown_url(url), paths.error());
  for (std::uint32_t no = 0; no < split->count; ++no) {
    const std::string name = (*paths)[no] + query;
    auto one = no == split->no ? std::move(given)
                               : open_one(from, name, no ? first_range_of_others : first_range);
    if (!one) return in_context(fmt::format("file {} of {}", no + 1, split->count), one.error());
    append(m, name, std::move(*one));
  }
  std::vector<std::string> shown;
  for (const std::string& u : m.urls) shown.push_back(shown_url(u));
  if (const auto ok = gguf::check_split(m.headers, shown); !ok) return ok.error();
  return m;
}

}  // namespace vrambudget
