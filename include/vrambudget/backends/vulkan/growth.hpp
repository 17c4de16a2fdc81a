// What a Vulkan context takes in use: scratch of kernels, grown to the most that was ever asked for.
#pragma once

#include <cstdint>

#include "vrambudget/units.hpp"

namespace vrambudget::vulkan {

struct growth {
  bytes usual, most;
};

/// Median, and what nine of ten had, of 272 runs that decoded over a stand-in driver, by flash attention and by -ub
/// up to 512 and above. The largest had 3.3 GiB: BF16 weights on a card without BF16 matrices, or a quantized cache
/// of many cells, are converted whole.
///
/// Accuracy: assumed
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_preallocate_buffers
[[nodiscard]] constexpr growth growth_of(bool flash_attn, std::uint32_t n_ubatch) {
  if (flash_attn) return n_ubatch <= 512 ? growth{13_MiB, 31_MiB} : growth{31_MiB, 101_MiB};
  return n_ubatch <= 512 ? growth{20_MiB, 192_MiB} : growth{188_MiB, 690_MiB};
}

}  // namespace vrambudget::vulkan
