// What the choice and the shape of kernels depend on in a Vulkan device.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "vrambudget/backends/vulkan/architecture.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::vulkan {

enum class maker : std::uint8_t { nvidia, amd, intel };

/// Matrix units: VK_KHR_cooperative_matrix, VK_NV_cooperative_matrix2.
enum class matrices : std::uint8_t { none, khr, nv2 };

/// What devices of an architecture have in common. Shared memory of each has room for the tiles of all products.
struct architecture_traits {
  vulkan_architecture is = vulkan_architecture::unknown;
  maker by = maker::nvidia;
  matrices units = matrices::none;
  bool bf16_units = false;     ///< they multiply BF16
  bool dots_bytes = false;     ///< integerDotProduct4x8BitPackedSignedAccelerated
  std::uint32_t subgroup = 0;  ///< subgroupSize
  std::uint32_t shared_memory = 0;  ///< maxComputeSharedMemorySize
};

/// Accuracy: assumed: by drivers' sources and device reports of 2026. Newer drivers of RDNA 3 and Intel have units for
///           BF16, older ones of NVIDIA no second kind of units
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_khr_cooperative_matrix_support,
///           ggml_vk_get_device: units of Intel's Xe 1 and of GCN are not used
inline constexpr std::array<architecture_traits, n_vulkan_architecture - 1> architectures = {{
    {vulkan_architecture::pre_turing, maker::nvidia, matrices::none, false, true, 32, 48 << 10},
    {vulkan_architecture::turing, maker::nvidia, matrices::nv2, false, true, 32, 48 << 10},
    {vulkan_architecture::ampere, maker::nvidia, matrices::nv2, true, true, 32, 48 << 10},
    {vulkan_architecture::gcn, maker::amd, matrices::none, false, false, 64, 64 << 10},
    {vulkan_architecture::vega20, maker::amd, matrices::none, false, true, 64, 64 << 10},
    {vulkan_architecture::rdna1, maker::amd, matrices::none, false, false, 64, 64 << 10},
    {vulkan_architecture::rdna1_dot, maker::amd, matrices::none, false, true, 64, 64 << 10},
    {vulkan_architecture::rdna2, maker::amd, matrices::none, false, true, 64, 64 << 10},
    {vulkan_architecture::rdna3, maker::amd, matrices::khr, false, true, 64, 64 << 10},
    {vulkan_architecture::gen9, maker::intel, matrices::none, false, false, 32, 64 << 10},
    {vulkan_architecture::xe1, maker::intel, matrices::none, false, true, 32, 64 << 10},
    {vulkan_architecture::xe2, maker::intel, matrices::khr, false, true, 32, 64 << 10},
}};

/// One device.
struct chip {
  architecture_traits traits = {};
  std::uint32_t n_core = 0;  ///< multiprocessors, compute units or Xe cores; 0: the engine does not know
  bool has_fp16 = true;      ///< arithmetic of halves
  bool unified = false;      ///< a part of the processor
  bool by_amds_driver = false;  ///< and not Mesa's
  std::uint64_t alignment = 4;  ///< minStorageBufferOffsetAlignment
  std::uint64_t range = 0xffffffff;  ///< maxStorageBufferRange

  [[nodiscard]] constexpr bool is(vulkan_architecture a) const { return traits.is == a; }
  [[nodiscard]] constexpr bool is(maker m) const { return traits.by == m; }
  [[nodiscard]] constexpr bool is(matrices m) const { return traits.units == m; }
  /// Scalar registers of old AMD chips and wide waves, GCN in the engine's sense.
  [[nodiscard]] constexpr bool is_gcn() const {
    return is(vulkan_architecture::gcn) || is(vulkan_architecture::vega20);
  }
  [[nodiscard]] constexpr std::uint32_t shared_memory() const {
    return by_amds_driver ? 32 << 10 : traits.shared_memory;
  }
};

namespace detail {
consteval bool architectures_in_order() {
  for (std::size_t i = 0; i < architectures.size(); ++i)
    if (static_cast<std::size_t>(architectures[i].is) != i + 1) return false;
  return true;
}
static_assert(architectures_in_order());

constexpr std::uint64_t round_up(std::uint64_t a, std::uint64_t b) { return ceil_div(a, b) * b; }
constexpr std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }
}  // namespace detail

}  // namespace vrambudget::vulkan
