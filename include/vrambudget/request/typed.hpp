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

/// "24576MiB", "23.5GiB", "16g", "22.5GB" of 10^9 bytes, or bytes.
/// Errors: invalid_argument  it is none of these
[[nodiscard]] result<bytes> parse_size(std::string_view text);

/// Whether it is bytes where MiB are meant: a number below one MiB, as nvidia-smi prints them.
[[nodiscard]] constexpr bool means_mib(std::uint64_t n) { return n > 0 && n < (1u << 20); }

/// Memory: as parse_size(), but a number alone that is below one MiB counts MiB, and below `gib_below` GiB.
[[nodiscard]] result<bytes> parse_memory(std::string_view text, std::uint64_t gib_below = 0);

}  // namespace vrambudget::request
