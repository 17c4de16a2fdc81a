// An address in its parts, by the parser of what makes transfers, so that what is compared is what is connected to.
#pragma once

#include <string>

namespace vrambudget::detail {

/// All are empty where it is none, or what would connect to it is missing.
struct url_parts {
  std::string scheme, host;
  std::string port;        ///< always
  std::string given_port;  ///< as it stands there; empty: it does not
  std::string path;
};
[[nodiscard]] url_parts parts_of(const std::string& url);

}  // namespace vrambudget::detail
