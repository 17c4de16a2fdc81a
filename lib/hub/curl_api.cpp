#include "curl_api.hpp"

#include <memory>

#include "os/shared_library.hpp"

namespace vrambudget::detail {
namespace {

/// Debian's usual build, else the one with GnuTLS, which differs in name only.
shared_library open_libcurl() {
  shared_library usual("libcurl.so.4");
  if (usual.is_open()) return usual;
  shared_library gnutls("libcurl-gnutls.so.4");
  return gnutls.is_open() ? gnutls : usual;
}

/// Protocols as text came with 7.85. Without them a redirect could lead anywhere.
bool knows_protocols(const curl_api& a) {
  const std::unique_ptr<curl_api::easy, void (*)(curl_api::easy*)> c(a.easy_init(), a.easy_cleanup);
  return c && a.easy_setopt(c.get(), curl_api::protocols_str, "https") == curl_api::ok;
}

result<curl_api> load() {
  shared_library lib = open_libcurl();
  curl_api a;
  lib.find("curl_global_init", a.global_init);
  lib.find("curl_easy_init", a.easy_init);
  lib.find("curl_easy_cleanup", a.easy_cleanup);
  lib.find("curl_easy_reset", a.easy_reset);
  lib.find("curl_easy_setopt", a.easy_setopt);
  lib.find("curl_easy_perform", a.easy_perform);
  lib.find("curl_easy_getinfo", a.easy_getinfo);
  lib.find("curl_easy_strerror", a.easy_strerror);
  lib.find("curl_slist_append", a.slist_append);
  lib.find("curl_slist_free_all", a.slist_free_all);
  lib.find("curl_url", a.url_new);
  lib.find("curl_url_cleanup", a.url_cleanup);
  lib.find("curl_url_set", a.url_set);
  lib.find("curl_url_get", a.url_get);
  lib.find("curl_free", a.free);
  if (const auto ok = lib.check(); !ok)
    return error{errc::io, "models on servers need libcurl (apt-get install libcurl4): " +
                               ok.error().message};
  if (a.global_init(curl_api::global_default) != curl_api::ok)
    return error{errc::io, "libcurl could not be started"};
  if (!knows_protocols(a)) return error{errc::io, "models on servers need libcurl 7.85 or newer"};
  return a;
}

}  // namespace

const result<curl_api>& curl() {
  static const result<curl_api> api = load();
  return api;
}

}  // namespace vrambudget::detail
