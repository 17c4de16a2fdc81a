// Which device: a backend of the engine, and its number there.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vrambudget {

/// Backends whose devices are planned for.
enum class backend_kind : std::uint8_t { cuda, hip, vulkan, metal };

/// As `--backend` has it.
[[nodiscard]] constexpr std::string_view word_of(backend_kind b) {
  constexpr std::array<std::string_view, 4> words = {"cuda", "hip", "vulkan", "metal"};
  return words[static_cast<std::size_t>(b)];
}

/// A device as the engine numbers it.
struct device_id {
  backend_kind backend = backend_kind::cuda;
  std::uint32_t index = 0;

  friend auto operator<=>(const device_id&, const device_id&) = default;
};

inline constexpr std::array all_backends = {backend_kind::cuda, backend_kind::hip,
                                            backend_kind::vulkan, backend_kind::metal};

/// The engine's name of its devices, without their number.
[[nodiscard]] constexpr std::string_view name(backend_kind b) {
  constexpr std::array<std::string_view, all_backends.size()> names = {"CUDA", "ROCm", "Vulkan",
                                                                       "MTL"};
  return names[static_cast<std::size_t>(b)];
}
/// The engine's name: "CUDA0".
[[nodiscard]] inline std::string name(const device_id& d) {
  return std::string(name(d.backend)) + std::to_string(d.index);
}

}  // namespace vrambudget
