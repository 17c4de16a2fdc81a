// A chip that is no CUDA device as a device, before it is one of a backend.
#pragma once

#include <span>

#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/operating_system.hpp"

namespace vrambudget::detail {

/// What a GPU that is a part of the machine may use of its `ram`.
///
/// Formula:  AMD's and Intel's under Windows half of it, AMD's under Linux half (the kernel's GTT), Intel's three
///           quarters
/// Accuracy: assumed: what the firmware set apart comes on top, and kernel options (ttm.pages_limit) change it
/// Source:   Linux, drivers/gpu/drm/ttm/ttm_device.c; Mesa, src/intel/vulkan/anv_physical_device.c
[[nodiscard]] bytes shared_with_gpu(const other_gpu& gpu, bytes ram, operating_system system);

/// Its names and memory: `memory` is the size that it is sold with, of one without memory of its own the machine's.
/// `totals`: what a backend was seen to report of such chips.
[[nodiscard]] device chip_device(const other_gpu& gpu, bytes memory, std::span<const bytes> totals,
                                 operating_system system);

}  // namespace vrambudget::detail
