// GET over HTTP and HTTPS, in byte ranges, for files that are not on disk. What makes transfers, libcurl or on Windows
// WinHTTP, stays behind this header and is opened by the first request; what a GGUF header needs of a file is
// remote_header.hpp's business.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

namespace detail {
class connection;
}

/// How to talk to servers. Proxies are libcurl's own variables, or those that Windows is told.
struct http_settings {
  std::string token;                       ///< sent as a bearer token; empty: none
  std::vector<std::string> token_origins;  ///< "https://huggingface.co": who is sent the token
  std::string ca_file;                     ///< certificates to trust, heeded by libcurl; empty: the system's
  std::uint32_t connect_seconds = 10;
  std::uint32_t stall_seconds = 20;  ///< a transfer slower than 4 KiB/s for so long is given up
  std::uint32_t n_retries = 4;       ///< after 429, 5xx, no connection, a cut or stalled transfer
  std::uint32_t first_wait_ms =
      500;  ///< before the first retry; doubled each time, half of it random
  std::uint32_t longest_wait_seconds = 30;  ///< a server that asks for more is not asked again
  // of all that a client asks for together, retries and waits included
  std::uint32_t total_seconds = 300;   ///< from the first request on
  std::uint32_t most_requests = 4096;  ///< redirects counted, too
  bytes most_bytes{512u << 20};        ///< of bodies
};

/// What to get.
struct http_request {
  std::string url;                    ///< http or https
  std::uint64_t first = 0;            ///< first byte of the range
  std::optional<std::uint64_t> last;  ///< last byte of the range; absent: the whole resource
  std::string if_none_match;  ///< "304" is wanted where the resource still has this validator
  std::string if_range;       ///< the range is of use only while the resource has this validator
};

/// What a server says before the body.
struct http_reply {
  int status = 0;                      ///< 200, 206 or 304
  std::string validator;               ///< ETag, or else Last-Modified; empty: neither
  std::optional<std::uint64_t> total;  ///< size of the whole resource in bytes
  std::string next;                    ///< address of a listing's next page; empty: the last
};

/// Takes a part of the body that starts at `offset` of the resource; false: no more is wanted. After
/// a retry, parts that came before can come again if the server knows no ranges.
using http_sink = std::function<bool(const http_reply& reply, std::uint64_t offset,
                                     std::span<const std::byte> part)>;

/// What went over the wire so far.
struct http_traffic {
  std::uint32_t n_requests = 0;  ///< redirects followed are counted too
  bytes body;                    ///< received, retries included
};

/// Makes one request at a time and keeps connections open. At most 10 redirects are followed, only to
/// http and https, from https only to https; the token does not leave its origin. What its settings allow in all is for
/// its lifetime: whatever a server does, the work ends by then.
class http_client {
 public:
  /// `progress` is called with every part that arrives.
  explicit http_client(http_settings s, std::function<void(const http_traffic&)> progress = {});
  ~http_client();
  http_client(const http_client&) = delete;
  http_client& operator=(const http_client&) = delete;

  /// Gets a resource or a range of it. A transfer that is cut goes on from the byte it reached.
  /// A status 200 for a range means that the server ignores ranges: the body starts at offset 0.
  ///
  /// Errors: not_found         404, 410
  ///         bad_format        an answer that is not about the range asked for
  ///         invalid_argument  an address that is not http or https
  ///         limit             more time, requests or bytes than the settings allow in all
  ///         io                all else: no libcurl on this machine, refused, unreachable, untrusted, too
  ///                           slow, cut, redirected in circles; each message has the address, without
  ///                           its query, and the cause
  [[nodiscard]] result<http_reply> get(const http_request& request, const http_sink& sink);

  [[nodiscard]] const http_traffic& traffic() const { return traffic_; }

 private:
  struct attempt;

  [[nodiscard]] result<void> start();
  [[nodiscard]] attempt try_once(const http_request& request, const http_sink& sink);
  [[nodiscard]] bool may_see_token(const std::string& url) const;
  /// What the settings allow in all and has been taken; nothing: there is some left.
  [[nodiscard]] std::optional<error> used_up() const;

  http_settings settings_;
  std::function<void(const http_traffic&)> progress_;
  http_traffic traffic_;
  std::optional<std::chrono::steady_clock::time_point> deadline_;  ///< begins with the first request
  std::function<bool(const std::string& url)> may_see_token_;
  std::unique_ptr<detail::connection> connection_;
};

}  // namespace vrambudget
