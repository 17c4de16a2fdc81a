// Addresses by libcurl's own parser, so that what is compared is what is connected to.
#include "vrambudget/hub/url.hpp"

#include <memory>

#include "curl_api.hpp"

namespace vrambudget {
namespace {

using detail::curl_api;

/// An address in its parts, all of which are empty where it is none or libcurl is missing.
class parsed_url {
 public:
  explicit parsed_url(const std::string& text) : handle_(nullptr, [](curl_api::url*) {}) {
    const auto& curl = detail::curl();
    if (!curl) return;
    handle_ = {curl->url_new(), curl->url_cleanup};
    if (handle_ && curl->url_set(handle_.get(), curl_api::whole_url, text.c_str(), 0) != 0)
      handle_.reset();
  }

  [[nodiscard]] std::string part(curl_api::url_part what, unsigned flags = 0) const {
    char* text = nullptr;
    if (!handle_ || detail::curl()->url_get(handle_.get(), what, &text, flags) != 0) return {};
    std::string copy(text);
    detail::curl()->free(text);
    return copy;
  }

 private:
  std::unique_ptr<curl_api::url, void (*)(curl_api::url*)> handle_;
};

}  // namespace

std::string origin_of(const std::string& url) {
  const parsed_url u(url);
  const std::string scheme = u.part(curl_api::scheme), host = u.part(curl_api::host),
                    port = u.part(curl_api::port, curl_api::url_default_port);
  return scheme.empty() || host.empty() ? "" : scheme + "://" + host + ":" + port;
}

bool may_hold_secrets(const std::string& url) {
  if (url.find_first_of("?#") != url.npos) return true;
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
  return url.substr(host, url.find('/', host) - host).find('@') != url.npos;
}

std::string shown_url(const std::string& url) {
  const parsed_url u(url);
  const std::string host = u.part(curl_api::host), port = u.part(curl_api::port);
  if (host.empty()) {
    std::string shown = url.substr(0, url.find_first_of("?#"));
    if (const auto at = shown.rfind('@'); at != shown.npos) shown.erase(0, at + 1);  // a password
    return shown;
  }
  return u.part(curl_api::scheme) + "://" + host + (port.empty() ? "" : ":" + port) +
         u.part(curl_api::path);
}

}  // namespace vrambudget
