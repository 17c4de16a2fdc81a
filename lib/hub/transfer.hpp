// One transfer: what the server says before the body, and the body's way to a sink. Who makes it tells it what comes.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

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

/// Why a transfer ended before its end.
struct broken_transfer {
  std::string why;           ///< the words of who made it, which may be none
  bool may_pass = false;     ///< another attempt may not meet it
  bool is_no_address = false;
  bool is_too_slow = false;  ///< below http_client's slowest for a while
  bool has_too_many_redirects = false;
};

class transfer {
 public:
  transfer(const http_request& request, const http_sink& sink,
           std::function<bool(std::size_t)> arrived, std::chrono::seconds patience)
      : request_(request), sink_(sink), arrived_(std::move(arrived)), patience_(patience) {}

  [[nodiscard]] const http_request& request() const { return request_; }
  [[nodiscard]] const detail::answer& answer() const { return answer_; }
  /// Who is told what arrives wanted no more of it.
  [[nodiscard]] bool was_ended() const { return was_ended_; }
  /// Nothing came for as long as patience lasts.
  [[nodiscard]] bool has_stalled() const { return has_stalled_; }
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::chrono::seconds patience() const { return patience_; }

  std::uint32_t n_redirects = 0;
  std::optional<std::uint32_t> asked_wait = {};  ///< seconds, by Retry-After

  /// Takes a line of what is said before a body, the first of which has the status. False: it is to end.
  bool header_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
      answer_ = {};
      status_ = status_in(line);
    }
    return goes_on(0) && answer_.lines.add(line);
  }

  /// Takes a part of the body. False: it is to end.
  bool body(std::span<const std::byte> data) {
    if (!goes_on(data.size())) return false;
    last_arrival_ = std::chrono::steady_clock::now();
    detail::answer& a = answer_;
    if (!a.begun) begin_body();
    if (a.wrong || (a.reply.status != 200 && a.reply.status != 206)) return false;
    a.stopped = !sink_(a.reply, a.offset, data);
    a.offset += data.size();
    return !a.stopped;
  }

  /// Asked at least once a second, or when that is over: whether it goes on.
  bool waits() {
    has_stalled_ = std::chrono::steady_clock::now() - last_arrival_ > patience_;
    return !has_stalled_ && goes_on(0);
  }
  void stalled() { has_stalled_ = true; }

  /// It is over: an answer may have had no body.
  void end() {
    if (!answer_.begun) begin_body();
  }

 private:
  bool goes_on(std::size_t n_bytes) {
    if (!arrived_(n_bytes)) was_ended_ = true;
    return !was_ended_;
  }

  /// Reads what was said before the body.
  void begin_body() {
    detail::answer& a = answer_;
    a.begun = true;
    a.reply.status = status_;
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

  const http_request& request_;
  const http_sink& sink_;
  std::function<bool(std::size_t)> arrived_;  ///< told of bytes, or of none from time to time; false: end it
  std::chrono::seconds patience_;
  detail::answer answer_;
  int status_ = 0;
  std::chrono::steady_clock::time_point last_arrival_ = std::chrono::steady_clock::now();
  bool has_stalled_ = false, was_ended_ = false;
};

/// Makes transfers one after the other, and keeps connections open.
class connection {
 public:
  virtual ~connection() = default;
  /// Absent: it came to its end.
  [[nodiscard]] virtual std::optional<broken_transfer> perform(transfer& t) = 0;
};

/// `may_see_token`: whether an address may. Both outlive the connection.
/// Errors: io  this machine has nothing that could make it
[[nodiscard]] result<std::unique_ptr<connection>> make_connection(
    const http_settings& settings, const std::function<bool(const std::string& url)>& may_see_token);

inline constexpr std::uint32_t max_redirects = 10;
inline constexpr std::uint32_t slowest_bytes_per_second = 4096;

}  // namespace vrambudget::detail
