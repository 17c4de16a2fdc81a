#include "vrambudget/catalogue/vulkan_devices.hpp"

#include "catalogue/chip_device.hpp"

namespace vrambudget {
namespace {

constexpr std::uint64_t two_gib = (2_GiB).count, four_gib = (4_GiB).count;

}  // namespace

measured_range context_of_vulkan() {
  return {bytes{}, 253_MiB, 450_MiB, basis::assumed,
          "what AMD's cards had in use besides the engine's buffers: 253 MiB on three, up to 450"};
}

device_limits vulkan_limits_of_nvidia(std::uint32_t cc) {
  constexpr std::uint32_t volta = 700;
  return {.alignment = 16,
          .host_alignment = 64,
          .allocation = 4292870144,
          .buffer = std::uint64_t{1} << 40,
          .range = four_gib - 1,
          .lacks_fp16 = cc < volta && cc != 600 && cc != 620};
}

device_limits vulkan_limits_of(const other_gpu& gpu, operating_system system) {
  device_limits l{.alignment = 4,
                  .host_alignment = 4096,
                  .allocation = four_gib - 4,
                  .buffer = four_gib - 4,
                  .range = four_gib - 1,
                  .lacks_fp16 = gpu.architecture.starts_with("gfx8")};
  if (gpu.vendor == "Intel") l.allocation = l.buffer = four_gib;
  if (gpu.vendor == "AMD" && system != operating_system::native_linux) {
    l.host_alignment = 64;
    l.allocation = l.buffer = two_gib;
  }
  return l;
}

device under_vulkan(device d) {
  d.backend = backend_kind::vulkan;
  d.limits = vulkan_limits_of_nvidia(d.cc);
  d.driver_context = context_of_vulkan();
  d.draft_context = {};
  return d;
}

device vulkan_device(const other_gpu& gpu, bytes memory, const surroundings& around) {
  device d = detail::chip_device(gpu, memory, gpu.vulkan_totals, around.system);
  d.backend = backend_kind::vulkan;
  d.limits = vulkan_limits_of(gpu, around.system);
  d.driver_context = context_of_vulkan();
  return d;
}

}  // namespace vrambudget
