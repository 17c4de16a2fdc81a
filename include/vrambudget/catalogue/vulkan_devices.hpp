// GPUs as llama.cpp's Vulkan backend sees them: what their drivers tell of memory.
#pragma once

#include <cstdint>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/operating_system.hpp"

namespace vrambudget {

/// What a driver of Vulkan takes for a process.
///
/// Accuracy: assumed
[[nodiscard]] measured_range context_of_vulkan();

/// Limits that NVIDIA's driver reports, and what kernels are chosen by.
///
/// Accuracy: assumed: as device reports have them, alike for all cards; arithmetic of halves is missing before Volta,
///           but for compute capabilities 6.0 and 6.2
[[nodiscard]] device_limits vulkan_limits_of_nvidia(std::uint32_t cc);

/// The same of AMD's and Intel's: Mesa's drivers under Linux, and Intel's under Windows as them; AMD's own there.
///
/// Source: Mesa, src/amd/vulkan/radv_physical_device.c, src/intel/vulkan/anv_physical_device.c; AMD's by device reports
[[nodiscard]] device_limits vulkan_limits_of(const other_gpu& gpu, operating_system system);

/// CUDA's device with Vulkan's limits; its memory and what others hold are as CUDA has them.
[[nodiscard]] device under_vulkan(device of_cuda);
[[nodiscard]] inline device vulkan_device(const gpu_entry& gpu, const surroundings& around) {
  return under_vulkan(to_device(gpu, around));
}

/// The chip with `memory`, the size that it is sold with or, of one without memory of its own, the machine's.
[[nodiscard]] device vulkan_device(const other_gpu& gpu, bytes memory, const surroundings& around);

}  // namespace vrambudget
