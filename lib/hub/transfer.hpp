// One transfer as libcurl's callbacks see it: what the server says before the body, and the body's way to a sink.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "curl_api.hpp"
#include "http_answer.hpp"
#include "vrambudget/hub/http.hpp"

namespace vrambudget::detail {

/// One answer: begun anew after a redirect.
struct answer {
  answer_lines lines;
  http_reply reply;
  std::uint64_t offset = 0;  ///< of the next byte of the body
  bool begun = false;        ///< the reply has been read
  bool stopped = false;      ///< the sink wants no more
  std::optional<error> wrong;
};

class transfer {
 public:
  transfer(const curl_api& curl, curl_api::easy* handle, const http_request& request,
           const http_sink& sink, std::function<bool(std::size_t)> arrived,
           std::chrono::seconds patience)
      : curl_(curl),
        handle_(handle),
        request_(request),
        sink_(sink),
        arrived_(std::move(arrived)),
        patience_(patience) {}

  /// Runs it to its end.
  curl_api::code perform() {
    curl_.easy_setopt(handle_, curl_api::headerfunction, on_header);
    curl_.easy_setopt(handle_, curl_api::writefunction, on_body);
    curl_.easy_setopt(handle_, curl_api::xferinfofunction, on_progress);
    curl_.easy_setopt(handle_, curl_api::noprogress, 0L);
    for (const auto data : {curl_api::headerdata, curl_api::writedata, curl_api::xferinfodata})
      curl_.easy_setopt(handle_, data, this);
    const curl_api::code code = curl_.easy_perform(handle_);
    if (!answer_.begun) begin_body();  // an answer without a body
    return code;
  }

  [[nodiscard]] const detail::answer& answer() const { return answer_; }
  /// Who is told what arrives wanted no more of it.
  [[nodiscard]] bool was_ended() const { return was_ended_; }
  /// Nothing came for as long as patience lasts.
  [[nodiscard]] bool has_stalled() const { return has_stalled_; }
  [[nodiscard]] int status() const { return static_cast<int>(number(curl_api::response_code)); }
  [[nodiscard]] std::uint32_t n_redirects() const {
    return static_cast<std::uint32_t>(number(curl_api::redirect_count));
  }
  /// Seconds, by Retry-After.
  [[nodiscard]] std::optional<std::uint32_t> asked_wait() const {
    curl_api::offset wait = 0;
    if (curl_.easy_getinfo(handle_, curl_api::retry_after, &wait) != curl_api::ok || wait <= 0)
      return std::nullopt;
    return static_cast<std::uint32_t>(std::min<curl_api::offset>(wait, UINT32_MAX));
  }

 private:
  [[nodiscard]] long number(curl_api::info what) const {
    long n = 0;
    curl_.easy_getinfo(handle_, what, &n);
    return n;
  }

  bool goes_on(std::size_t n_bytes) {
    if (!arrived_(n_bytes)) was_ended_ = true;
    return !was_ended_;
  }

  bool header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) answer_ = {};
    return goes_on(0) && answer_.lines.add(line);
  }

  /// Reads what was said before the body.
  void begin_body() {
    detail::answer& a = answer_;
    a.begun = true;
    a.reply.status = status();
    a.reply.validator = a.lines.etag.empty() ? a.lines.last_modified : a.lines.etag;
    a.reply.next = next_link(a.lines.link);
    if (a.reply.status == 200) a.reply.total = whole_number(a.lines.length);
    if (a.reply.status != 206) return;
    const auto r = parse_content_range(a.lines.range);
    if (!r || r->first != request_.first || (request_.last && r->last > *request_.last)) {
      a.wrong = error{errc::bad_format, "found the range '" + a.lines.range.substr(0, 80) +
                                            "' in the answer, expected bytes " +
                                            std::to_string(request_.first) + "-" +
                                            (request_.last ? std::to_string(*request_.last) : "")};
      return;
    }
    a.reply.total = r->total;
    a.offset = r->first;
  }

  std::size_t body(std::span<const std::byte> data) {
    if (!goes_on(data.size())) return 0;
    last_arrival_ = std::chrono::steady_clock::now();
    detail::answer& a = answer_;
    if (!a.begun) begin_body();
    if (a.wrong || (a.reply.status != 200 && a.reply.status != 206)) return 0;
    a.stopped = !sink_(a.reply, a.offset, data);
    a.offset += data.size();
    return a.stopped ? 0 : data.size();
  }

  static std::size_t on_header(char* data, std::size_t, std::size_t n, void* to) {
    return static_cast<transfer*>(to)->header_line({data, n}) ? n : 0;
  }

  static std::size_t on_body(char* data, std::size_t, std::size_t n, void* to) {
    return static_cast<transfer*>(to)->body({reinterpret_cast<const std::byte*>(data), n});
  }

  /// Called at least once a second. libcurl's own limit is on an average, which lags.
  static int on_progress(void* to, curl_api::offset, curl_api::offset, curl_api::offset,
                         curl_api::offset) {
    auto& t = *static_cast<transfer*>(to);
    t.has_stalled_ = std::chrono::steady_clock::now() - t.last_arrival_ > t.patience_;
    return t.has_stalled_ || !t.goes_on(0) ? 1 : 0;
  }

  const curl_api& curl_;
  curl_api::easy* handle_;
  const http_request& request_;
  const http_sink& sink_;
  std::function<bool(std::size_t)> arrived_;  ///< told of bytes, or of none from time to time; false: end it
  std::chrono::seconds patience_;
  detail::answer answer_;
  std::chrono::steady_clock::time_point last_arrival_ = std::chrono::steady_clock::now();
  bool has_stalled_ = false, was_ended_ = false;
};

}  // namespace vrambudget::detail
