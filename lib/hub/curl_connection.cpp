// Transfers by libcurl, which follows redirects.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>

#include "curl_api.hpp"
#include "transfer.hpp"
#include "vrambudget/hub/url.hpp"
#include "vrambudget/version.hpp"

namespace vrambudget::detail {
namespace {

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

std::size_t on_header(char* data, std::size_t, std::size_t n, void* to) {
  return static_cast<transfer*>(to)->header_line({data, n}) ? n : 0;
}

std::size_t on_body(char* data, std::size_t, std::size_t n, void* to) {
  return static_cast<transfer*>(to)->body({reinterpret_cast<const std::byte*>(data), n}) ? n : 0;
}

/// Called at least once a second. libcurl's own limit is on an average, which lags.
int on_progress(void* to, curl_api::offset, curl_api::offset, curl_api::offset, curl_api::offset) {
  return static_cast<transfer*>(to)->waits() ? 0 : 1;
}

class curl_connection : public connection {
 public:
  curl_connection(const curl_api& curl, curl_api::easy* handle, const http_settings& settings,
                  const std::function<bool(const std::string&)>& may_see_token)
      : curl_(curl),
        handle_(handle, curl.easy_cleanup),
        settings_(settings),
        may_see_token_(may_see_token) {}

  std::optional<broken_transfer> perform(transfer& t) override {
    std::array<char, curl_api::error_size> why{};
    const header_lines lines = conditions_of(t.request(), curl_);
    configure(t.request());
    set(curl_api::httpheader, lines.get());
    set(curl_api::errorbuffer, why.data());
    set(curl_api::headerfunction, on_header);
    set(curl_api::writefunction, on_body);
    set(curl_api::xferinfofunction, on_progress);
    set(curl_api::noprogress, 0L);
    for (const auto data : {curl_api::headerdata, curl_api::writedata, curl_api::xferinfodata})
      set(data, &t);
    const curl_api::code code = curl_.easy_perform(handle_.get());
    t.end();
    t.n_redirects = static_cast<std::uint32_t>(number<long>(curl_api::redirect_count));
    if (const auto wait = number<curl_api::offset>(curl_api::retry_after); wait > 0)
      t.asked_wait = static_cast<std::uint32_t>(std::min<curl_api::offset>(wait, UINT32_MAX));
    if (code == curl_api::ok) return std::nullopt;
    return broken_transfer{
        .why = why[0] ? why.data() : curl_.easy_strerror(code),
        .may_pass = is_passing(code),
        .is_no_address = code == curl_api::unsupported_protocol || code == curl_api::url_malformat,
        .is_too_slow = code == curl_api::operation_timedout && t.status() != 0,
        .has_too_many_redirects = code == curl_api::too_many_redirects};
  }

 private:
  template <class T>
  void set(curl_api::option option, T value) {
    curl_.easy_setopt(handle_.get(), option, value);
  }

  template <class T>
  [[nodiscard]] T number(curl_api::info what) const {
    T n = 0;
    return curl_.easy_getinfo(handle_.get(), what, &n) == curl_api::ok ? n : 0;
  }

  void configure(const http_request& q) {
    const bool is_https = origin_of(q.url).starts_with("https:");
    curl_.easy_reset(handle_.get());  // connections stay open
    set(curl_api::url_text, q.url.c_str());
    set(curl_api::protocols_str, "http,https");
    set(curl_api::redir_protocols_str, is_https ? "https" : "http,https");
    set(curl_api::followlocation, 1L);
    set(curl_api::maxredirs, long{max_redirects});
    set(curl_api::nosignal, 1L);
    set(curl_api::connecttimeout, static_cast<long>(settings_.connect_seconds));
    set(curl_api::low_speed_limit, long{slowest_bytes_per_second});
    set(curl_api::low_speed_time, static_cast<long>(settings_.stall_seconds));
    set(curl_api::useragent, (std::string("vrambudget/") + version).c_str());
    set(curl_api::suppress_connect_headers, 1L);
    if (!settings_.ca_file.empty()) set(curl_api::cainfo, settings_.ca_file.c_str());
    const std::string range =
        q.last ? fmt::format("{}-{}", q.first, *q.last) : fmt::format("{}-", q.first);
    if (q.last || q.first > 0) set(curl_api::range, range.c_str());
    if (may_see_token_(q.url)) {  // libcurl leaves it out once a redirect leads to another origin
      set(curl_api::httpauth, curl_api::auth_bearer);
      set(curl_api::xoauth2_bearer, settings_.token.c_str());
    }
  }

  const curl_api& curl_;
  std::unique_ptr<curl_api::easy, void (*)(curl_api::easy*)> handle_;
  const http_settings& settings_;
  const std::function<bool(const std::string&)>& may_see_token_;
};

}  // namespace

result<std::unique_ptr<connection>> make_connection(
    const http_settings& settings, const std::function<bool(const std::string& url)>& may_see_token) {
  const auto& api = curl();
  if (!api) return api.error();
  curl_api::easy* const handle = api->easy_init();
  if (handle == nullptr) return error{errc::io, "libcurl could not be started"};
  return std::unique_ptr<connection>(
      std::make_unique<curl_connection>(*api, handle, settings, may_see_token));
}

}  // namespace vrambudget::detail
