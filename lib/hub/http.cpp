// Retries, limits and what an answer must say; transfers are made by what the system has: transfer.hpp.
#include "vrambudget/hub/http.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "http_answer.hpp"
#include "transfer.hpp"
#include "vrambudget/hub/url.hpp"

namespace vrambudget {
namespace {

using detail::broken_transfer;
using detail::max_redirects;
using detail::slowest_bytes_per_second;
using detail::transfer;

using clock = std::chrono::steady_clock;

void wait_before_retry(std::uint32_t milliseconds, clock::time_point deadline) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const std::uint32_t half = milliseconds / 2;
  const std::chrono::milliseconds wait(
      half + std::uniform_int_distribution<std::uint32_t>(0, half)(random));
  std::this_thread::sleep_until(std::min(clock::now() + wait, deadline));
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
          detail::is_passing(status), t.asked_wait};
}

failure broken(const transfer& t, broken_transfer b, std::uint32_t stall_seconds) {
  if (t.has_stalled())
    return {error{errc::io, fmt::format("nothing came for {} s at byte {}", stall_seconds,
                                        std::max(t.request().first, t.answer().offset))},
            true};
  if (b.is_too_slow)
    b.why = fmt::format("too slow: below {} bytes a second for {} s at byte {}",
                        slowest_bytes_per_second, stall_seconds, t.answer().offset);
  return {error{b.is_no_address ? errc::invalid_argument : errc::io, std::move(b.why)}, b.may_pass};
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
    : settings_(std::move(s)),
      progress_(std::move(progress)),
      may_see_token_([this](const std::string& url) { return may_see_token(url); }) {}

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
  if (connection_) return {};
  auto made = detail::make_connection(settings_, may_see_token_);
  if (!made) return made.error();
  connection_ = std::move(*made);
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

http_client::attempt http_client::try_once(const http_request& q, const http_sink& sink) {
  const auto arrived = [this](std::size_t n) {
    traffic_.body += bytes{n};
    if (progress_ && n > 0) progress_(traffic_);
    return !used_up();
  };
  transfer t(q, sink, arrived, std::chrono::seconds(settings_.stall_seconds));
  const auto stopped = connection_->perform(t);
  traffic_.n_requests += 1 + t.n_redirects;

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
  if (stopped && stopped->has_too_many_redirects)
    return failed({error{errc::io, fmt::format("more than {} redirects", max_redirects)}});
  if (status >= 400) return failed(refused(t));
  if (stopped) return failed(broken(t, *stopped, settings_.stall_seconds));
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
