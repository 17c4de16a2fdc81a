#include "vrambudget/hub/url.hpp"

#include "url_parts.hpp"

namespace vrambudget {

std::string origin_of(const std::string& url) {
  const detail::url_parts u = detail::parts_of(url);
  return u.scheme.empty() || u.host.empty() ? "" : u.scheme + "://" + u.host + ":" + u.port;
}

bool may_hold_secrets(const std::string& url) {
  if (url.find_first_of("?#") != url.npos) return true;
  const std::size_t scheme = url.find("://");
  const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
  return url.substr(host, url.find('/', host) - host).find('@') != url.npos;
}

std::string shown_url(const std::string& url) {
  const detail::url_parts u = detail::parts_of(url);
  if (u.host.empty()) {
    std::string shown = url.substr(0, url.find_first_of("?#"));
    if (const auto at = shown.rfind('@'); at != shown.npos) shown.erase(0, at + 1);  // a password
    return shown;
  }
  return u.scheme + "://" + u.host + (u.given_port.empty() ? "" : ":" + u.given_port) + u.path;
}

}  // namespace vrambudget
