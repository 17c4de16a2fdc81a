// Buffers that a Vulkan context keeps for its kernels, outside of those of graphs.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/units.hpp"

namespace vrambudget::vulkan {

/// Bytes of each, by the engine's names: matrices and caches that are converted (x), what they are multiplied by in the
/// kernel's form (y), parts of sums (split_k).
struct prealloc {
  std::uint64_t x = 0, y = 0, split_k = 0;

  constexpr void raise(const prealloc& o) {
    x = std::max(x, o.x);
    y = std::max(y, o.y);
    split_k = std::max(split_k, o.split_k);
  }
  [[nodiscard]] constexpr bool is_empty() const { return (x | y | split_k) == 0; }
  /// Formula:  x + y + split_k + 1024, sums of squares of norms
  /// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_preallocate_buffers, ggml_vk_init
  [[nodiscard]] constexpr bytes sum() const { return bytes{x + y + split_k + 1024}; }
};

/// How many of a cache's cells an operation reads: all that its shape says, or any number of them.
enum class cells_read : bool { all, any };

/// What an operation asks for: as it stands, and the most that it or one of fewer tokens or a cache less full does.
struct asked {
  prealloc whole, most;

  constexpr asked() = default;
  constexpr explicit asked(const prealloc& p) : whole(p), most(p) {}
};

}  // namespace vrambudget::vulkan
