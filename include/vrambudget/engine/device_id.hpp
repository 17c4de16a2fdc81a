// Which device: a backend of the engine, and its number there.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
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

/// The device of that name, in any case; nothing for another text.
/// Source: llama.cpp, ggml/src/ggml-backend-reg.cpp: ggml_backend_dev_by_name
[[nodiscard]] inline std::optional<device_id> device_named(std::string_view text) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const backend_kind b : all_backends) {
    const std::string_view its = name(b);
    const bool begins =
        text.size() > its.size() &&
        std::equal(its.begin(), its.end(), text.begin(),
                   [&](char x, char y) { return lower(x) == lower(y); });
    if (!begins) continue;
    device_id d{b, 0};
    const char* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data() + its.size(), end, d.index);
    return failed == std::errc{} && rest == end ? std::optional(d) : std::nullopt;
  }
  return std::nullopt;
}

}  // namespace vrambudget
