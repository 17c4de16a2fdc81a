#include "hub/curl_api.hpp"

#include <doctest/doctest.h>

#if __has_include(<curl/curl.h>)
#include <curl/curl.h>
#endif

using vrambudget::detail::curl_api;

TEST_SUITE("curl_api") {
#ifdef CURLINC_CURL_H
  TEST_CASE("the numbers are those of libcurl's header") {
    const int pairs[][2] = {
        {curl_api::ok, CURLE_OK},
        {curl_api::unsupported_protocol, CURLE_UNSUPPORTED_PROTOCOL},
        {curl_api::url_malformat, CURLE_URL_MALFORMAT},
        {curl_api::couldnt_resolve_host, CURLE_COULDNT_RESOLVE_HOST},
        {curl_api::couldnt_connect, CURLE_COULDNT_CONNECT},
        {curl_api::http2, CURLE_HTTP2},
        {curl_api::partial_file, CURLE_PARTIAL_FILE},
        {curl_api::operation_timedout, CURLE_OPERATION_TIMEDOUT},
        {curl_api::too_many_redirects, CURLE_TOO_MANY_REDIRECTS},
        {curl_api::got_nothing, CURLE_GOT_NOTHING},
        {curl_api::send_error, CURLE_SEND_ERROR},
        {curl_api::recv_error, CURLE_RECV_ERROR},
        {curl_api::http2_stream, CURLE_HTTP2_STREAM},
        {curl_api::low_speed_limit, CURLOPT_LOW_SPEED_LIMIT},
        {curl_api::low_speed_time, CURLOPT_LOW_SPEED_TIME},
        {curl_api::noprogress, CURLOPT_NOPROGRESS},
        {curl_api::followlocation, CURLOPT_FOLLOWLOCATION},
        {curl_api::maxredirs, CURLOPT_MAXREDIRS},
        {curl_api::connecttimeout, CURLOPT_CONNECTTIMEOUT},
        {curl_api::nosignal, CURLOPT_NOSIGNAL},
        {curl_api::httpauth, CURLOPT_HTTPAUTH},
        {curl_api::suppress_connect_headers, CURLOPT_SUPPRESS_CONNECT_HEADERS},
        {curl_api::writedata, CURLOPT_WRITEDATA},
        {curl_api::url_text, CURLOPT_URL},
        {curl_api::range, CURLOPT_RANGE},
        {curl_api::errorbuffer, CURLOPT_ERRORBUFFER},
        {curl_api::useragent, CURLOPT_USERAGENT},
        {curl_api::httpheader, CURLOPT_HTTPHEADER},
        {curl_api::headerdata, CURLOPT_HEADERDATA},
        {curl_api::xferinfodata, CURLOPT_XFERINFODATA},
        {curl_api::cainfo, CURLOPT_CAINFO},
        {curl_api::xoauth2_bearer, CURLOPT_XOAUTH2_BEARER},
        {curl_api::protocols_str, CURLOPT_PROTOCOLS_STR},
        {curl_api::redir_protocols_str, CURLOPT_REDIR_PROTOCOLS_STR},
        {curl_api::writefunction, CURLOPT_WRITEFUNCTION},
        {curl_api::headerfunction, CURLOPT_HEADERFUNCTION},
        {curl_api::xferinfofunction, CURLOPT_XFERINFOFUNCTION},
        {curl_api::response_code, CURLINFO_RESPONSE_CODE},
        {curl_api::redirect_count, CURLINFO_REDIRECT_COUNT},
        {curl_api::retry_after, CURLINFO_RETRY_AFTER},
        {curl_api::whole_url, CURLUPART_URL},
        {curl_api::scheme, CURLUPART_SCHEME},
        {curl_api::host, CURLUPART_HOST},
        {curl_api::port, CURLUPART_PORT},
        {curl_api::path, CURLUPART_PATH},
    };
    for (const auto& [ours, theirs] : pairs) CHECK(ours == theirs);
    CHECK(curl_api::global_default == CURL_GLOBAL_DEFAULT);
    CHECK(curl_api::auth_bearer == static_cast<long>(CURLAUTH_BEARER));
    CHECK(curl_api::url_default_port == CURLU_DEFAULT_PORT);
    CHECK(curl_api::error_size == CURL_ERROR_SIZE);
    CHECK(sizeof(curl_api::offset) == sizeof(curl_off_t));
  }
#endif
}
