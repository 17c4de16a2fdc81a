// Generations of GPUs as llama.cpp's Vulkan backend tells them apart.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace vrambudget {

/// What a driver of Vulkan offers goes by it. The engine's names, and of what it calls others those that have other
/// matrix units or none.
///
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: get_device_architecture
enum class vulkan_architecture : std::uint8_t {
  unknown,
  pre_turing,  ///< NVIDIA's without matrix units that Vulkan has
  turing,
  ampere,  ///< and all after it
  gcn,     ///< to Vega 10
  vega20,  ///< and CDNA: GCN with dot products of bytes
  rdna1,
  rdna1_dot,  ///< with dot products of bytes
  rdna2,
  rdna3,  ///< and RDNA 4
  gen9,   ///< Intel's without dot products of bytes
  xe1,
  xe2,  ///< and Xe 3
};

inline constexpr std::size_t n_vulkan_architecture = 13;

/// "rdna3"
[[nodiscard]] constexpr std::string_view name(vulkan_architecture a) {
  constexpr std::array<std::string_view, n_vulkan_architecture> names = {
      "unknown", "pre_turing", "turing", "ampere", "gcn", "vega20", "rdna1",
      "rdna1_dot", "rdna2", "rdna3", "gen9", "xe1", "xe2"};
  return names[static_cast<std::size_t>(a)];
}

/// The one with a name; nothing: none has it.
[[nodiscard]] constexpr std::optional<vulkan_architecture> vulkan_architecture_named(
    std::string_view typed) {
  for (std::size_t i = 0; i < n_vulkan_architecture; ++i)
    if (const auto a = static_cast<vulkan_architecture>(i); name(a) == typed) return a;
  return std::nullopt;
}

}  // namespace vrambudget
