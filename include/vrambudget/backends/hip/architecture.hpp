// AMD's architectures as llama.cpp's HIP backend tells them apart.
#pragma once

#include <cstdint>

namespace vrambudget::hip {

/// An architecture by its number: 0x1100 is gfx1100, 0x90a gfx90a.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/common.cuh: GGML_CUDA_CC_*
using gfx = std::uint32_t;

/// Vega's, without a dot product of bytes.
[[nodiscard]] constexpr bool is_vega(gfx a) { return a == 0x900 || a == 0x909 || a == 0x90c; }
/// Instinct's with matrix cores.
[[nodiscard]] constexpr bool is_cdna(gfx a) { return a >= 0x908 && a < 0x1010 && !is_vega(a); }
[[nodiscard]] constexpr bool is_cdna3(gfx a) { return a >= 0x942 && a < 0x950; }
[[nodiscard]] constexpr bool is_rdna3(gfx a) { return a >= 0x1100 && a < 0x1200; }
[[nodiscard]] constexpr bool is_rdna3_5(gfx a) { return a >= 0x1150 && a < 0x1200; }
/// RDNA 3's and 4's matrix instructions.
[[nodiscard]] constexpr bool has_wmma(gfx a) { return a >= 0x1100; }

/// The first that ROCm has kernels for.
inline constexpr gfx oldest = 0x900;

}  // namespace vrambudget::hip
