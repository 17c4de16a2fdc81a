// What programs call the codes of errors.
#pragma once

#include <string_view>

#include "vrambudget/error.hpp"

namespace vrambudget::request {

/// "not_found"
[[nodiscard]] constexpr std::string_view name(errc c) {
  switch (c) {
    case errc::truncated:
      return "truncated";
    case errc::bad_format:
      return "bad_format";
    case errc::limit:
      return "limit";
    case errc::overflow:
      return "overflow";
    case errc::invalid_argument:
      return "invalid_argument";
    case errc::unsupported:
      return "unsupported";
    case errc::not_found:
      return "not_found";
    case errc::io:
      return "io";
  }
  return "unknown";
}

}  // namespace vrambudget::request
