// What is used of libcurl, with its own names, signatures and numbers, which belong to its ABI and stay. The library is
// opened when an address is first asked for; nothing of libcurl is needed to build.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vrambudget/error.hpp"

namespace vrambudget::detail {

/// Source: curl/curl.h and curl/urlapi.h of libcurl 7.88 (tests/unit/hub/curl_api_test.cpp compares the numbers)
struct curl_api {
  struct slist;                 ///< curl_slist
  using easy = void;            ///< CURL
  using url = void;             ///< CURLU
  using offset = std::int64_t;  ///< curl_off_t

  /// CURLcode.
  enum code : int {
    ok = 0,
    unsupported_protocol = 1,
    url_malformat = 3,
    couldnt_resolve_host = 6,
    couldnt_connect = 7,
    http2 = 16,
    partial_file = 18,
    operation_timedout = 28,
    too_many_redirects = 47,
    got_nothing = 52,
    send_error = 55,
    recv_error = 56,
    http2_stream = 92,
  };

  /// CURLoption.
  enum option : int {
    low_speed_limit = 19,
    low_speed_time = 20,
    noprogress = 43,
    followlocation = 52,
    maxredirs = 68,
    connecttimeout = 78,
    nosignal = 99,
    httpauth = 107,
    suppress_connect_headers = 265,
    writedata = 10001,
    url_text = 10002,
    range = 10007,
    errorbuffer = 10010,
    useragent = 10018,
    httpheader = 10023,
    headerdata = 10029,
    xferinfodata = 10057,
    cainfo = 10065,
    xoauth2_bearer = 10220,
    protocols_str = 10318,
    redir_protocols_str = 10319,
    writefunction = 20011,
    headerfunction = 20079,
    xferinfofunction = 20219,
  };

  /// CURLINFO.
  enum info : int {
    response_code = 0x200002,
    redirect_count = 0x200014,
    retry_after = 0x600039,
  };

  /// CURLUPart.
  enum url_part : int { whole_url = 0, scheme = 1, host = 5, port = 6, path = 7 };

  static constexpr long global_default = 3;        ///< CURL_GLOBAL_DEFAULT
  static constexpr long auth_bearer = 1 << 6;      ///< CURLAUTH_BEARER
  static constexpr unsigned url_default_port = 1;  ///< CURLU_DEFAULT_PORT
  static constexpr std::size_t error_size = 256;   ///< CURL_ERROR_SIZE

  code (*global_init)(long) = nullptr;
  easy* (*easy_init)() = nullptr;
  void (*easy_cleanup)(easy*) = nullptr;
  void (*easy_reset)(easy*) = nullptr;
  code (*easy_setopt)(easy*, option, ...) = nullptr;
  code (*easy_perform)(easy*) = nullptr;
  code (*easy_getinfo)(easy*, info, ...) = nullptr;
  const char* (*easy_strerror)(code) = nullptr;
  slist* (*slist_append)(slist*, const char*) = nullptr;
  void (*slist_free_all)(slist*) = nullptr;
  url* (*url_new)() = nullptr;
  void (*url_cleanup)(url*) = nullptr;
  int (*url_set)(url*, url_part, const char*, unsigned) = nullptr;
  int (*url_get)(const url*, url_part, char**, unsigned) = nullptr;
  void (*free)(void*) = nullptr;
};

/// libcurl of this machine, opened and started by the first call.
///
/// Errors: io  it is not there, or is older than 7.85; the message names the package that has it
[[nodiscard]] const result<curl_api>& curl();

}  // namespace vrambudget::detail
