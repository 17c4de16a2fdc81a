// One GET by what the system has for HTTP: a question and its answer, without redirects. Windows alone has such a thing;
// elsewhere libcurl does more than this.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace vrambudget::detail {

struct http_question {
  std::string url;
  std::vector<std::string> lines;  ///< "Name: value"
  std::uint32_t connect_seconds = 0, stall_seconds = 0;
};

/// Why there is no answer.
struct http_trouble {
  std::string why;
  bool may_pass = false;     ///< another attempt may not meet it
  bool is_no_address = false;
  bool has_stalled = false;  ///< nothing came for stall_seconds
};

/// Connections that are kept open, one question after the other.
class http_session {
 public:
  http_session();
  ~http_session();
  http_session(const http_session&) = delete;
  http_session& operator=(const http_session&) = delete;

  /// Asks, and waits for what is said before the body.
  [[nodiscard]] std::optional<http_trouble> ask(const http_question& q, const std::string& program);
  /// The lines of the answer, its status first.
  [[nodiscard]] std::vector<std::string> lines() const;
  /// The next part of the body: how many bytes; 0: it is over.
  [[nodiscard]] std::optional<http_trouble> read(std::span<std::byte> to, std::size_t& n);

 private:
  struct handles;
  std::unique_ptr<handles> handles_;
};

/// An address in its parts, as the session takes it; `port` is always there.
struct http_address {
  std::string scheme, host, path, query;
  std::uint16_t port = 0;
};
/// Absent: it is none of http or https.
[[nodiscard]] std::optional<http_address> address_of(const std::string& url);
/// The address that a redirect from `url` leads to; empty: none.
[[nodiscard]] std::string address_from(const std::string& url, const std::string& location);

}  // namespace vrambudget::detail
