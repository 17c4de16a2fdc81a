// HTTP by libcurl. One request here is one transfer by libcurl, which follows redirects; retries and
// what an answer must say are ours.
#include "vrambudget/hub/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "curl_api.hpp"
#include "http_answer.hpp"
#include "transfer.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget {
namespace {

using detail::curl_api;
using detail::transfer;

constexpr long max_redirects = 10;
constexpr long slowest_bytes_per_second = 4096;

using clock = std::chrono::steady_clock;

void wait_before_retry(std::uint32_t milliseconds, clock::time_point deadline) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const std::uint32_t half = milliseconds / 2;
  const std::chrono::milliseconds wait(
      half + std::uniform_int_distribution<std::uint32_t>(0, half)(random));
  std::this_thread::sleep_until(std::min(clock::now() + wait, deadline));
}

bool is_passing(curl_api::code code) {
  switch (code) {
    case curl_api::couldnt_connect:
    case curl_api::couldnt_resolve_host:
    case curl_api::operation_timedout:
    case curl_api::partial_file:
    case curl_api::recv_error:
    case curl_api::send_error:
    case curl_api::got_nothing:
    case curl_api::http2:
    case curl_api::http2_stream:
      return true;
    default:
      return false;
  }
}

using header_lines = std::unique_ptr<curl_api::slist, void (*)(curl_api::slist*)>;

/// What the answer depends on, as lines of the request.
header_lines conditions_of(const http_request& q, const curl_api& curl) {
  header_lines lines(nullptr, curl.slist_free_all);
  const auto add = [&](const std::string& line) {
    if (curl_api::slist* all = curl.slist_append(lines.get(), line.c_str())) {
      (void)lines.release();
      lines.reset(all);
    }
  };
  if (!q.if_none_match.empty())
    add((q.if_none_match.ends_with('"') ? "If-None-Match: " : "If-Modified-Since: ") +
        q.if_none_match);
  // a weak validator does not promise equal bytes
  if (!q.if_range.empty() && !q.if_range.starts_with("W/")) add("If-Range: " + q.if_range);
  return lines;
}

struct failure {
  error what;
  bool may_pass = false;  // another attempt may not meet it
  std::optional<std::uint32_t> asked_wait = {};
};

failure refused(const transfer& t) {
  const int status = t.status();
  const bool is_gone = status == 404 || status == 410;
  return {error{is_gone ? errc::not_found : errc::io, detail::status_text(status)},
          detail::is_passing(status), t.asked_wait()};
}

/// `why`: libcurl's own words, which may be none.
failure broken(const transfer& t, curl_api::code code, std::string why, std::uint64_t first,
               std::uint32_t stall_seconds) {
  if (t.has_stalled())
    return {error{errc::io, fmt::format("nothing came for {} s at byte {}", stall_seconds,
                                        std::max(first, t.answer().offset))},
            true};
  if (code == curl_api::operation_timedout && t.status() != 0)
    why = fmt::format("too slow: below {} bytes a second for {} s at byte {}",
                      slowest_bytes_per_second, stall_seconds, t.answer().offset);
  const bool is_no_address =
      code == curl_api::unsupported_protocol || code == curl_api::url_malformat;
  return {error{is_no_address ? errc::invalid_argument : errc::io, std::move(why)},
          is_passing(code)};
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
    : settings_(std::move(s)), progress_(std::move(progress)), handle_(nullptr, [](void*) {}) {}

http_client::~http_client() = default;

bool http_client::may_see_token(const std::string& url) const {
  const std::string origin = origin_of(url);
  const bool is_text = std::all_of(settings_.token.begin(), settings_.token.end(),
                                   [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  return !settings_.token.empty() && is_text && !origin.empty() &&
         std::any_of(settings_.token_origins.begin(), settings_.token_origins.end(),
                     [&](const std::string& o) { return origin_of(o) == origin; });
}

result<void> http_client::start() {
  if (handle_) return {};
  const auto& curl = detail::curl();
  if (!curl) return curl.error();
  handle_ = {curl->easy_init(), curl->easy_cleanup};
  if (!handle_) return error{errc::io, "libcurl could not be started"};
  return {};
}

std::optional<error> http_client::used_up() const {
  const http_settings& s = settings_;
  const auto over = [](auto most, const char* what) {
    return error{errc::limit, fmt::format("given up after {} {} in all", most, what)};
  };
  if (deadline_ && clock::now() >= *deadline_) return over(s.total_seconds, "s");
  if (traffic_.n_requests >= s.most_requests) return over(s.most_requests, "requests");
  if (traffic_.body > s.most_bytes) return over(s.most_bytes.count, "bytes");
  return std::nullopt;
}

void http_client::configure(const http_request& q) {
  const curl_api& curl = *detail::curl();
  const auto set = [&](curl_api::option option, auto value) {
    curl.easy_setopt(handle_.get(), option, value);
  };
  const bool is_https = origin_of(q.url).starts_with("https:");
  curl.easy_reset(handle_.get());  // connections stay open
  set(curl_api::url_text, q.url.c_str());
  set(curl_api::protocols_str, "http,https");
  set(curl_api::redir_protocols_str, is_https ? "https" : "http,https");
  set(curl_api::followlocation, 1L);
  set(curl_api::maxredirs, max_redirects);
  set(curl_api::nosignal, 1L);
  set(curl_api::connecttimeout, static_cast<long>(settings_.connect_seconds));
  set(curl_api::low_speed_limit, slowest_bytes_per_second);
  set(curl_api::low_speed_time, static_cast<long>(settings_.stall_seconds));
  set(curl_api::useragent, (std::string("vrambudget/") + version).c_str());
  set(curl_api::suppress_connect_headers, 1L);
  if (!settings_.ca_file.empty()) set(curl_api::cainfo, settings_.ca_file.c_str());
  const std::string range =
      q.last ? fmt::format("{}-{}", q.first, *q.last) : fmt::format("{}-", q.first);
  if (q.last || q.first > 0) set(curl_api::range, range.c_str());
  if (may_see_token(q.url)) {  // libcurl leaves it out once a redirect leads to another origin
    set(curl_api::httpauth, curl_api::auth_bearer);
    set(curl_api::xoauth2_bearer, settings_.token.c_str());
  }
}

http_client::attempt http_client::try_once(const http_request& q, const http_sink& sink) {
  const curl_api& curl = *detail::curl();
  const auto arrived = [this](std::size_t n) {
    traffic_.body += bytes{n};
    if (progress_ && n > 0) progress_(traffic_);
    return !used_up();
  };
  transfer t(curl, handle_.get(), q, sink, arrived, std::chrono::seconds(settings_.stall_seconds));
  std::array<char, curl_api::error_size> why{};
  const header_lines lines = conditions_of(q, curl);
  configure(q);
  curl.easy_setopt(handle_.get(), curl_api::httpheader, lines.get());
  curl.easy_setopt(handle_.get(), curl_api::errorbuffer, why.data());
  const curl_api::code code = t.perform();
  traffic_.n_requests += 1 + t.n_redirects();

  const detail::answer& a = t.answer();
  const int status = t.status();
  const auto failed = [&](failure f) {
    return attempt{in_context(shown_url(q.url), std::move(f.what)), f.may_pass, f.asked_wait,
                   a.offset, a.reply.validator};
  };
  if (a.wrong) return failed({*a.wrong});
  if (a.stopped) return {a.reply, false, {}, 0, {}};
  if (t.was_ended())
    if (const auto over = used_up()) return failed({*over});
  if (code == curl_api::too_many_redirects)
    return failed({error{errc::io, fmt::format("more than {} redirects", max_redirects)}});
  if (status >= 400) return failed(refused(t));
  if (code != curl_api::ok)
    return failed(broken(t, code, why[0] ? why.data() : curl.easy_strerror(code), q.first,
                         settings_.stall_seconds));
  if (status == 200 || status == 206 || status == 304) return {a.reply, false, {}, 0, {}};
  return failed({error{errc::io, fmt::format("HTTP {} where 200 or 206 was expected", status)}});
}

result<http_reply> http_client::get(const http_request& given, const http_sink& sink) {
  if (const auto ok = start(); !ok) return in_context(shown_url(given.url), ok.error());
  const std::string origin = origin_of(given.url);
  if (!origin.starts_with("http://") && !origin.starts_with("https://"))
    return error{errc::invalid_argument, shown_url(given.url) + ": not an http or https address"};
  if (!deadline_) deadline_ = clock::now() + std::chrono::seconds(settings_.total_seconds);
  http_request q = given;
  std::uint32_t wait_ms = settings_.first_wait_ms;
  for (std::uint32_t retry = 0;; ++retry) {
    if (const auto over = used_up()) return in_context(shown_url(q.url), *over);
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
    wait_before_retry(std::min(longest, std::max(wait_ms, a.asked_wait.value_or(0) * 1000)),
                      *deadline_);
    wait_ms = std::min(longest, wait_ms * 2);
  }
}

}  // namespace vrambudget
