// Transfers by Windows' own HTTP, one question after the other: redirects are followed here, so that the token stays with
// its origin and an address of https leads to no other.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "os/http_exchange.hpp"
#include "transfer.hpp"
#include "url_parts.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::detail {
namespace {

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// The value of a line with that name; empty: there is none.
std::string value_in(const std::vector<std::string>& lines, std::string_view name) {
  for (const std::string& line : lines) {
    const auto colon = line.find(':');
    if (colon != line.npos && equal_ignoring_case(std::string_view(line).substr(0, colon), name))
      return std::string(without_blanks(std::string_view(line).substr(colon + 1)));
  }
  return {};
}

/// Whether a transfer is slower than it may be, on average over patience.
class pace {
 public:
  explicit pace(std::chrono::seconds patience) : patience_(patience) {}
  [[nodiscard]] bool is_too_slow(std::size_t n_bytes) {
    n_ += n_bytes;
    const auto now = std::chrono::steady_clock::now();
    if (now - since_ < patience_) return false;
    const bool is_slow = n_ < static_cast<std::uint64_t>(patience_.count()) * slowest_bytes_per_second;
    since_ = now;
    n_ = 0;
    return is_slow;
  }

 private:
  std::chrono::seconds patience_;
  std::uint64_t n_ = 0;
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

class winhttp_connection : public connection {
 public:
  winhttp_connection(const http_settings& settings,
                     const std::function<bool(const std::string&)>& may_see_token)
      : settings_(settings), may_see_token_(may_see_token) {}

  std::optional<broken_transfer> perform(transfer& t) override {
    std::string url = t.request().url;
    for (;; ++t.n_redirects) {
      if (t.n_redirects > max_redirects)
        return broken_transfer{.has_too_many_redirects = true};
      const auto trouble = session_.ask(
          {url, lines_of(t.request(), url), settings_.connect_seconds, settings_.stall_seconds},
          std::string("vrambudget/") + version);
      if (trouble) return broken(t, *trouble);
      const auto lines = session_.lines();
      for (const std::string& line : lines)
        if (!t.header_line(line)) return broken_transfer{.why = "the answer's lines are too long"};
      const std::string to = is_redirect(t.status()) ? value_in(lines, "location") : "";
      if (to.empty()) {
        if (const auto wait = whole_number(value_in(lines, "retry-after")))
          t.asked_wait = static_cast<std::uint32_t>(std::min<std::uint64_t>(*wait, UINT32_MAX));
        return body(t, whole_number(value_in(lines, "content-length")));
      }
      const bool was_https = parts_of(url).scheme == "https";
      url = address_from(url, to);
      if (url.empty() || (was_https && parts_of(url).scheme != "https"))
        return broken_transfer{.why = "a redirect's protocol is not what it may be",
                               .is_no_address = true};
    }
  }

 private:
  /// What is asked for, and what the answer depends on.
  [[nodiscard]] std::vector<std::string> lines_of(const http_request& q,
                                                  const std::string& url) const {
    std::vector<std::string> lines;
    if (q.last) lines.push_back(fmt::format("Range: bytes={}-{}", q.first, *q.last));
    if (!q.last && q.first > 0) lines.push_back(fmt::format("Range: bytes={}-", q.first));
    if (!q.if_none_match.empty())
      lines.push_back((q.if_none_match.ends_with('"') ? "If-None-Match: " : "If-Modified-Since: ") +
                      q.if_none_match);
    // a weak validator does not promise equal bytes
    if (!q.if_range.empty() && !q.if_range.starts_with("W/"))
      lines.push_back("If-Range: " + q.if_range);
    // once it has left its origin it is not sent again
    if (may_see_token_(q.url) && may_see_token_(url))
      lines.push_back("Authorization: Bearer " + settings_.token);
    return lines;
  }

  [[nodiscard]] std::optional<broken_transfer> body(transfer& t,
                                                    std::optional<std::uint64_t> length) {
    std::array<std::byte, 1 << 16> part;
    pace how_fast(t.patience());
    std::uint64_t n_all = 0;
    for (std::size_t n = 0;;) {
      if (const auto trouble = session_.read(part, n)) return broken(t, *trouble);
      if (n == 0) break;
      n_all += n;
      if (!t.body(std::span(part).first(n))) return broken_transfer{.why = "ended here"};
      if (how_fast.is_too_slow(n)) return broken_transfer{.may_pass = true, .is_too_slow = true};
    }
    t.end();
    const bool has_body = t.status() != 304;
    if (has_body && length && n_all < *length)
      return broken_transfer{
          .why = fmt::format("cut with {} bytes remaining", *length - n_all), .may_pass = true};
    return std::nullopt;
  }

  static broken_transfer broken(transfer& t, const http_trouble& trouble) {
    if (trouble.has_stalled) t.stalled();
    t.end();
    return {.why = trouble.why, .may_pass = trouble.may_pass, .is_no_address = trouble.is_no_address};
  }

  const http_settings& settings_;
  const std::function<bool(const std::string&)>& may_see_token_;
  http_session session_;
};

}  // namespace

result<std::unique_ptr<connection>> make_connection(
    const http_settings& settings, const std::function<bool(const std::string& url)>& may_see_token) {
  return std::unique_ptr<connection>(std::make_unique<winhttp_connection>(settings, may_see_token));
}

url_parts parts_of(const std::string& url) {
  const auto a = address_of(url);
  if (!a) return {};
  const std::string port = std::to_string(a->port);
  const bool is_usual = a->port == (a->scheme == "https" ? 443 : 80);
  return {a->scheme, a->host, port, is_usual ? "" : port, a->path};
}

}  // namespace vrambudget::detail
