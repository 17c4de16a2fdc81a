// Addresses by libcurl's own parser, so that what is compared is what is connected to.
#include "vrambudget/hub/url.hpp"

#include <curl/curl.h>

#include <memory>

namespace vrambudget {
namespace {

struct url_deleter {
  void operator()(CURLU* u) const { curl_url_cleanup(u); }
};
using url_handle = std::unique_ptr<CURLU, url_deleter>;

url_handle parse_url(const std::string& text) {
  url_handle u(curl_url());
  if (u && curl_url_set(u.get(), CURLUPART_URL, text.c_str(), 0) != CURLUE_OK) u.reset();
  return u;
}

std::string part(const url_handle& u, CURLUPart what, unsigned flags = 0) {
  char* text = nullptr;
  if (!u || curl_url_get(u.get(), what, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

}  // namespace

std::string origin_of(const std::string& url) {
  const url_handle u = parse_url(url);
  const std::string scheme = part(u, CURLUPART_SCHEME), host = part(u, CURLUPART_HOST),
                    port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  return scheme.empty() || host.empty() ? "" : scheme + "://" + host + ":" + port;
}

std::string shown_url(const std::string& url) {
  const url_handle u = parse_url(url);
  const std::string host = part(u, CURLUPART_HOST), port = part(u, CURLUPART_PORT);
  if (host.empty()) return url.substr(0, url.find_first_of("?#"));
  return part(u, CURLUPART_SCHEME) + "://" + host + (port.empty() ? "" : ":" + port) +
         part(u, CURLUPART_PATH);
}

}  // namespace vrambudget
