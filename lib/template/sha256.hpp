// The beginning of a SHA-256 digest.
#pragma once

#include <cstdint>
#include <string_view>

namespace vrambudget::detail {

/// The first eight bytes of the SHA-256 of `text`, the first the highest.
/// Source: FIPS 180-4, section 6.2
[[nodiscard]] std::uint64_t sha256_beginning(std::string_view text);

}  // namespace vrambudget::detail
