// An `-ot` that keeps the experts of some layers on the host, in one short pattern.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/engine/run.hpp"

namespace vrambudget::detail {

/// "[6-9]", "7", "[0-9]".
[[nodiscard]] inline std::string digits(std::uint32_t from, std::uint32_t to) {
  if (from == to) return std::to_string(from);
  return "[" + std::to_string(from) + "-" + std::to_string(to) + "]";
}

/// All numbers from `first` to `last`, ten by ten: "1[6-9]|2[0-9]|3[0-5]".
[[nodiscard]] inline std::string numbers(std::uint32_t first, std::uint32_t last) {
  std::string all;
  for (std::uint32_t tens = first / 10; tens <= last / 10; ++tens) {
    if (!all.empty()) all += "|";
    if (tens > 0) all += std::to_string(tens);
    all += digits(tens == first / 10 ? first % 10 : 0, tens == last / 10 ? last % 10 : 9);
  }
  return all;
}

/// Experts of the layers from `first` to `last`.
[[nodiscard]] inline tensor_override experts_on_host(std::uint32_t first, std::uint32_t last) {
  return {
      .pattern = "blk\\.(" + numbers(first, last) + ")\\." + std::string(tensor_override::experts),
      .buffer = "CPU"};
}

}  // namespace vrambudget::detail
