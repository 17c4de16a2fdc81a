#include <memory>

#include "curl_api.hpp"
#include "url_parts.hpp"

namespace vrambudget::detail {

url_parts parts_of(const std::string& text) {
  const auto& api = curl();
  if (!api) return {};
  const std::unique_ptr<curl_api::url, void (*)(curl_api::url*)> handle(api->url_new(),
                                                                        api->url_cleanup);
  if (!handle || api->url_set(handle.get(), curl_api::whole_url, text.c_str(), 0) != 0) return {};
  const auto part = [&](curl_api::url_part what, unsigned flags = 0) -> std::string {
    char* given = nullptr;
    if (api->url_get(handle.get(), what, &given, flags) != 0) return {};
    std::string copy(given);
    api->free(given);
    return copy;
  };
  return {part(curl_api::scheme), part(curl_api::host),
          part(curl_api::port, curl_api::url_default_port), part(curl_api::port),
          part(curl_api::path)};
}

}  // namespace vrambudget::detail
