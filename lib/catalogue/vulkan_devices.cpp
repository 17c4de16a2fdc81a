#include "vrambudget/catalogue/vulkan_devices.hpp"

#include "catalogue/chip_device.hpp"

namespace vrambudget {
namespace {

constexpr std::uint64_t two_gib = (2_GiB).count, four_gib = (4_GiB).count;

/// What the engine makes of the chips of a catalogue's architecture, the first whose beginning fits.
struct named_architecture {
  std::string_view prefix;
  vulkan_architecture is;
};
constexpr named_architecture named_architectures[] = {
    {"gfx8", vulkan_architecture::gcn},         {"gfx900", vulkan_architecture::gcn},
    {"gfx9", vulkan_architecture::vega20},      {"gfx1010", vulkan_architecture::rdna1},
    {"gfx1013", vulkan_architecture::rdna1},    {"gfx101", vulkan_architecture::rdna1_dot},
    {"gfx103", vulkan_architecture::rdna2},     {"gfx11", vulkan_architecture::rdna3},
    {"gfx12", vulkan_architecture::rdna3},      {"gen9", vulkan_architecture::gen9},
    {"xe2", vulkan_architecture::xe2},          {"xe3", vulkan_architecture::xe2},
    {"xe-hpc", vulkan_architecture::xe2},       {"xe-", vulkan_architecture::xe1},
};

vulkan_architecture architecture_of(std::string_view catalogued) {
  for (const named_architecture& n : named_architectures)
    if (catalogued.starts_with(n.prefix)) return n.is;
  return vulkan_architecture::unknown;
}

/// Intel's driver tells no number of cores. The engine has them of these.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_intel_shader_core_count
struct engine_cores {
  std::string_view id;
  std::uint32_t n;
};
constexpr engine_cores cores_of_intel[] = {
    {"arc-a310", 6},       {"arc-a370m", 8},      {"arc-a380", 8},      {"arc-pro-a40", 8},
    {"arc-pro-a50", 8},    {"arc-a550m", 16},     {"arc-pro-a60", 16},  {"arc-a580", 24},
    {"arc-a730m", 28},     {"arc-a750", 28},      {"arc-a770-8gb", 32}, {"arc-a770-16gb", 32},
    {"arc-a770m", 32},     {"arc-pro-b50", 16},   {"arc-b570", 18},     {"arc-b580", 20},
    {"arc-pro-b60", 20},   {"arc-pro-b60-dual", 20}, {"arc-b390", 12},
};

std::uint32_t cores_told(const other_gpu& gpu) {
  if (gpu.vendor != "Intel") return gpu.n_unit.value_or(0);
  for (const engine_cores& c : cores_of_intel)
    if (c.id == gpu.id) return c.n;
  return 0;
}

}  // namespace

measured_range context_of_vulkan() {
  return {bytes{}, 253_MiB, 450_MiB, basis::assumed,
          "what AMD's cards had in use besides the engine's buffers: 253 MiB on three, up to 450"};
}

device_limits vulkan_limits_of_nvidia(std::uint32_t cc) {
  constexpr std::uint32_t turing = 750, ampere = 800;
  constexpr std::uint32_t volta = 700;
  return {.alignment = 16,
          .host_alignment = 64,
          .allocation = 4292870144,
          .buffer = std::uint64_t{1} << 40,
          .range = four_gib - 1,
          .lacks_fp16 = cc < volta && cc != 600 && cc != 620,
          .architecture = cc >= ampere   ? vulkan_architecture::ampere
                          : cc >= turing ? vulkan_architecture::turing
                                         : vulkan_architecture::pre_turing};
}

device_limits vulkan_limits_of(const other_gpu& gpu, operating_system system) {
  device_limits l{.alignment = 4,
                  .host_alignment = 4096,
                  .allocation = four_gib - 4,
                  .buffer = four_gib - 4,
                  .range = four_gib - 1,
                  .lacks_fp16 = gpu.architecture.starts_with("gfx8"),
                  .architecture = architecture_of(gpu.architecture)};
  if (gpu.vendor == "Intel") l.allocation = l.buffer = four_gib;
  if (gpu.vendor == "AMD" && system != operating_system::native_linux) {
    l.host_alignment = 64;
    l.allocation = l.buffer = two_gib;
    l.by_amds_driver = true;
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
  d.n_sm = cores_told(gpu);
  d.driver_context = context_of_vulkan();
  return d;
}

}  // namespace vrambudget
