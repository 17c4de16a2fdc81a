// The Vulkan devices of this machine as they are now, asked in a process of their own.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"

namespace vrambudget {

/// What a Vulkan driver calls its device.
enum class vulkan_kind : std::uint8_t { other, integrated, discrete, virtual_gpu, software };

/// "discrete"
[[nodiscard]] std::string_view name(vulkan_kind k);

/// A device that is there. `gpu.total` and `gpu.free` are its heaps' as llama.cpp adds them up: those of the device, of an
/// integrated one all; without a budget by the driver all of them are free.
struct live_vulkan_device {
  device gpu;
  vulkan_kind kind = vulkan_kind::other;
  bool tells_budget = false;  ///< VK_EXT_memory_budget
};

/// In the loader's order, which is the engine's but for devices that two drivers have.
///
/// Errors: io  no loader, no driver, or either fails
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_backend_vk_get_device_memory, ggml_vk_get_device
[[nodiscard]] result<std::vector<live_vulkan_device>> vulkan_devices_here();

/// Those that llama.cpp uses by itself: discrete ones, else integrated ones.
[[nodiscard]] std::vector<live_vulkan_device> used_by_engine(std::vector<live_vulkan_device> all);

}  // namespace vrambudget
