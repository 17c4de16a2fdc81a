// Numbers as people type them.
#pragma once

#include <cstdint>
#include <string_view>

#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::request {

/// "262144" or "256k" tokens.
/// Errors: invalid_argument  neither, or more than 2147483647
[[nodiscard]] result<std::uint32_t> parse_tokens(std::string_view text);

/// "24576MiB", "23.5GiB", "16g", or bytes.
/// Errors: invalid_argument  it is none of these
[[nodiscard]] result<bytes> parse_size(std::string_view text);

}  // namespace vrambudget::request
