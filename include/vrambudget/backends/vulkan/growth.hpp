// What a Vulkan context takes in use: scratch of kernels, grown to the most that was ever asked for.
#pragma once

#include <cstdint>

#include "vrambudget/backends/growth.hpp"

namespace vrambudget::vulkan {

/// Median, and what nine of ten had, of 272 runs that decoded over a stand-in driver, by flash attention and by -ub
/// up to 512 and above. The largest had 3.3 GiB: BF16 weights on a card without BF16 matrices, or a quantized cache
/// of many cells, are converted whole.
///
/// Accuracy: assumed
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_preallocate_buffers
[[nodiscard]] constexpr growth growth_of(bool flash_attn, std::uint32_t n_ubatch) {
  constexpr std::string_view from = "scratch of kernels: the median and nine of ten of 272 runs";
  if (flash_attn)
    return n_ubatch <= 512 ? growth{13_MiB, 31_MiB, from} : growth{31_MiB, 101_MiB, from};
  return n_ubatch <= 512 ? growth{20_MiB, 192_MiB, from} : growth{188_MiB, 690_MiB, from};
}

}  // namespace vrambudget::vulkan
