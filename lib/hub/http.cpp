// HTTP by libcurl. One request here is one transfer by libcurl, which follows redirects; retries and
// what an answer must say are ours.
#include "vrambudget/hub/http.hpp"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "http_answer.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

constexpr long max_redirects = 10;
constexpr long slowest_bytes_per_second = 1024;

/// One answer: begun anew after a redirect.
struct answer {
  detail::answer_lines lines;
  http_reply reply;
  std::uint64_t offset = 0;  // of the next byte of the body
  bool begun = false;        // the reply has been read
  bool stopped = false;      // the sink wants no more
  std::optional<error> wrong;
};

/// One transfer as its callbacks see it.
struct transfer {
  const http_request& request;
  const http_sink& sink;
  std::function<void(std::size_t)> arrived;
  CURL* handle;
  std::chrono::seconds patience;
  answer a = {};
  std::chrono::steady_clock::time_point last_arrival = std::chrono::steady_clock::now();
  bool stalled = false;

  bool header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) a = {};
    return a.lines.add(line);
  }

  /// Reads what was said before the body. False: nothing of this body is of use.
  bool begin_body() {
    a.begun = true;
    long status = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    a.reply.status = static_cast<int>(status);
    a.reply.validator = a.lines.etag.empty() ? a.lines.last_modified : a.lines.etag;
    a.reply.next = detail::next_link(a.lines.link);
    if (status == 200) a.reply.total = detail::whole_number(a.lines.length);
    if (status != 206) return status == 200;
    const auto r = detail::parse_content_range(a.lines.range);
    if (!r || r->first != request.first || (request.last && r->last > *request.last)) {
      a.wrong = error{errc::bad_format,
                      fmt::format("found the range '{}' in the answer, expected bytes {}-{}",
                                  a.lines.range.substr(0, 80), request.first,
                                  request.last ? std::to_string(*request.last) : "")};
      return false;
    }
    a.reply.total = r->total;
    a.offset = r->first;
    return true;
  }

  std::size_t body(std::span<const std::byte> data) {
    arrived(data.size());
    last_arrival = std::chrono::steady_clock::now();
    if (!a.begun) begin_body();
    if (a.wrong || (a.reply.status != 200 && a.reply.status != 206)) return 0;
    a.stopped = !sink(a.reply, a.offset, data);
    a.offset += data.size();
    return a.stopped ? 0 : data.size();
  }
};

std::size_t on_header(char* data, std::size_t, std::size_t n, void* to) {
  return static_cast<transfer*>(to)->header_line({data, n}) ? n : 0;
}

std::size_t on_body(char* data, std::size_t, std::size_t n, void* to) {
  return static_cast<transfer*>(to)->body({reinterpret_cast<const std::byte*>(data), n});
}

/// Called at least once a second. libcurl's own limit is on an average, which lags.
int on_progress(void* to, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& t = *static_cast<transfer*>(to);
  t.stalled = std::chrono::steady_clock::now() - t.last_arrival > t.patience;
  return t.stalled ? 1 : 0;
}

struct list_deleter {
  void operator()(curl_slist* l) const { curl_slist_free_all(l); }
};

void wait_before_retry(std::uint32_t milliseconds) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const std::uint32_t half = milliseconds / 2;
  std::this_thread::sleep_for(std::chrono::milliseconds(
      half + std::uniform_int_distribution<std::uint32_t>(0, half)(random)));
}

bool is_passing(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_CONNECT:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

}  // namespace

/// What one transfer came to.
struct http_client::attempt {
  result<http_reply> outcome;
  bool may_pass = false;                    // a failure that another attempt may not meet
  std::optional<std::uint32_t> asked_wait;  // seconds, by Retry-After
  std::uint64_t reached = 0;                // first byte that did not arrive
  std::string validator;
};

http_client::http_client(http_settings s, std::function<void(const http_traffic&)> progress)
    : settings_(std::move(s)), progress_(std::move(progress)), handle_(nullptr, curl_easy_cleanup) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (ready == CURLE_OK) handle_.reset(curl_easy_init());
}

http_client::~http_client() = default;

bool http_client::may_see_token(const std::string& url) const {
  const std::string origin = origin_of(url);
  const bool is_text = std::all_of(settings_.token.begin(), settings_.token.end(),
                                   [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  return !settings_.token.empty() && is_text && !origin.empty() &&
         std::any_of(settings_.token_origins.begin(), settings_.token_origins.end(),
                     [&](const std::string& o) { return origin_of(o) == origin; });
}

void http_client::configure(const http_request& q) {
  CURL* const c = handle_.get();
  const bool is_https = origin_of(q.url).starts_with("https:");
  curl_easy_reset(c);  // connections stay open
  curl_easy_setopt(c, CURLOPT_URL, q.url.c_str());
  curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, is_https ? "https" : "http,https");
  curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(c, CURLOPT_MAXREDIRS, max_redirects);
  curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, static_cast<long>(settings_.connect_seconds));
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, slowest_bytes_per_second);
  curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, static_cast<long>(settings_.stall_seconds));
  curl_easy_setopt(c, CURLOPT_USERAGENT, (std::string("vrambudget/") + version).c_str());
  curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
  if (!settings_.ca_file.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, settings_.ca_file.c_str());
  const std::string range =
      q.last ? fmt::format("{}-{}", q.first, *q.last) : fmt::format("{}-", q.first);
  if (q.last || q.first > 0) curl_easy_setopt(c, CURLOPT_RANGE, range.c_str());
  if (may_see_token(q.url)) {  // libcurl leaves it out once a redirect leads to another origin
    curl_easy_setopt(c, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(c, CURLOPT_XOAUTH2_BEARER, settings_.token.c_str());
  }
}

http_client::attempt http_client::try_once(const http_request& q, const http_sink& sink) {
  CURL* const c = handle_.get();
  transfer t{q, sink, {}, c, std::chrono::seconds(settings_.stall_seconds)};
  t.arrived = [this](std::size_t n) {
    traffic_.body += bytes{n};
    if (progress_) progress_(traffic_);
  };
  std::array<char, CURL_ERROR_SIZE> why{};
  std::unique_ptr<curl_slist, list_deleter> headers;
  const auto add_header = [&](const std::string& line) {
    if (curl_slist* all = curl_slist_append(headers.get(), line.c_str())) {
      (void)headers.release();
      headers.reset(all);
    }
  };
  if (!q.if_none_match.empty())
    add_header((q.if_none_match.ends_with('"') ? "If-None-Match: " : "If-Modified-Since: ") +
               q.if_none_match);
  // a weak validator does not promise equal bytes
  if (!q.if_range.empty() && !q.if_range.starts_with("W/")) add_header("If-Range: " + q.if_range);
  configure(q);
  curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why.data());
  curl_easy_setopt(c, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(c, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(c, CURLOPT_XFERINFODATA, &t);
  const CURLcode code = curl_easy_perform(c);
  long status = 0, n_redirects = 0;
  curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(c, CURLINFO_REDIRECT_COUNT, &n_redirects);
  traffic_.n_requests += 1 + static_cast<std::uint32_t>(n_redirects);
  if (!t.a.begun) t.begin_body();  // an answer without a body
  const auto fail = [&](errc e, const std::string& text, bool may_pass) {
    return attempt{
        error{e, shown_url(q.url) + ": " + text}, may_pass, {}, t.a.offset, t.a.reply.validator};
  };
  if (t.a.wrong) return fail(t.a.wrong->code, t.a.wrong->message, false);
  if (t.a.stopped) return {t.a.reply, false, {}, 0, {}};
  if (code == CURLE_TOO_MANY_REDIRECTS)
    return fail(errc::io, fmt::format("more than {} redirects", max_redirects), false);
  if (status >= 400) {
    attempt a = fail(status == 404 || status == 410 ? errc::not_found : errc::io,
                     detail::status_text(static_cast<int>(status)),
                     detail::is_passing(static_cast<int>(status)));
    curl_off_t wait = 0;
    if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
      a.asked_wait = static_cast<std::uint32_t>(std::min<curl_off_t>(wait, UINT32_MAX));
    return a;
  }
  if (code != CURLE_OK) {
    if (t.stalled)
      return fail(errc::io,
                  fmt::format("nothing came for {} s at byte {}", settings_.stall_seconds,
                              std::max(q.first, t.a.offset)),
                  true);
    std::string text = why[0] ? why.data() : curl_easy_strerror(code);
    if (code == CURLE_OPERATION_TIMEDOUT && status != 0)
      text = fmt::format("too slow: below {} bytes a second for {} s at byte {}",
                         slowest_bytes_per_second, settings_.stall_seconds, t.a.offset);
    return fail(code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT
                    ? errc::invalid_argument
                    : errc::io,
                text, is_passing(code));
  }
  if (status == 200 || status == 206 || status == 304) return {t.a.reply, false, {}, 0, {}};
  return fail(errc::io, fmt::format("HTTP {} where 200 or 206 was expected", status), false);
}

result<http_reply> http_client::get(const http_request& given, const http_sink& sink) {
  if (!handle_) return error{errc::io, "libcurl could not be started"};
  const std::string origin = origin_of(given.url);
  if (!origin.starts_with("http://") && !origin.starts_with("https://"))
    return error{errc::invalid_argument, shown_url(given.url) + ": not an http or https address"};
  http_request q = given;
  std::uint32_t wait_ms = settings_.first_wait_ms;
  for (std::uint32_t retry = 0;; ++retry) {
    attempt a = try_once(q, sink);
    if (a.outcome || !a.may_pass) return std::move(a.outcome);
    error e = a.outcome.error();
    if (a.asked_wait && *a.asked_wait > settings_.longest_wait_seconds) {
      e.message += fmt::format("; the server asks to wait {} s", *a.asked_wait);
      return e;
    }
    if (retry == settings_.n_retries) {
      if (retry > 0) e.message += fmt::format(" (tried {} times)", retry + 1);
      return e;
    }
    if (a.reached > q.first) {  // what arrived has gone to the sink
      q.first = a.reached;
      q.if_range = a.validator;
      q.if_none_match.clear();
      if (q.last && q.first > *q.last) return error{errc::io, e.message};
    }
    const std::uint32_t longest = settings_.longest_wait_seconds * 1000;
    wait_before_retry(std::min(longest, std::max(wait_ms, a.asked_wait.value_or(0) * 1000)));
    wait_ms = std::min(longest, wait_ms * 2);
  }
}

}  // namespace vrambudget
