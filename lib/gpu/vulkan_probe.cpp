#include "vulkan_probe.hpp"

#include <fmt/format.h>
#include <vulkan/vulkan_core.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <string>
#include <utility>

#include "os/library_names.hpp"
#include "os/shared_library.hpp"
#include "own_process.hpp"
#include "vrambudget/catalogue/vulkan_devices.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

constexpr std::uint32_t most_devices = 64, most_extensions = 4096;

/// Functions of an instance.
struct instance_api {
  VkInstance instance = VK_NULL_HANDLE;
  PFN_vkDestroyInstance destroy = nullptr;
  PFN_vkEnumeratePhysicalDevices devices = nullptr;
  PFN_vkGetPhysicalDeviceProperties2 properties = nullptr;
  PFN_vkGetPhysicalDeviceMemoryProperties2 memory = nullptr;
  PFN_vkGetPhysicalDeviceFeatures2 features = nullptr;
  PFN_vkEnumerateDeviceExtensionProperties extensions = nullptr;
};

error failed(const char* call, VkResult status) {
  return {errc::io, fmt::format("Vulkan: {}: {}", call, static_cast<int>(status))};
}

result<instance_api> make_instance() {
  detail::shared_library loader(detail::vulkan_library);
  std::remove_pointer_t<PFN_vkGetInstanceProcAddr>* find = nullptr;
  loader.find("vkGetInstanceProcAddr", find);
  if (const auto ok = loader.check(); !ok)
    return error{errc::io, "no Vulkan here (" + ok.error().message + ")"};
  const auto create =
      reinterpret_cast<PFN_vkCreateInstance>(find(VK_NULL_HANDLE, "vkCreateInstance"));
  if (create == nullptr) return error{errc::io, "Vulkan: the loader has no vkCreateInstance"};
  VkApplicationInfo application{};
  application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO;
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO;
  info.pApplicationInfo = &application;
  instance_api api;
  if (const VkResult status = create(&info, nullptr, &api.instance); status != VK_SUCCESS)
    return failed("vkCreateInstance", status);
  bool has_all = true;
  const auto get = [&](const char* name, auto& f) {
    f = reinterpret_cast<std::remove_reference_t<decltype(f)>>(find(api.instance, name));
    has_all &= f != nullptr;
  };
  get("vkDestroyInstance", api.destroy);
  get("vkEnumeratePhysicalDevices", api.devices);
  get("vkGetPhysicalDeviceProperties2", api.properties);
  get("vkGetPhysicalDeviceMemoryProperties2", api.memory);
  get("vkGetPhysicalDeviceFeatures2", api.features);
  get("vkEnumerateDeviceExtensionProperties", api.extensions);
  if (!has_all) return error{errc::io, "Vulkan: the loader is older than 1.1"};
  return api;
}

bool has_extension(const instance_api& api, VkPhysicalDevice d, std::string_view name) {
  std::uint32_t n = 0;
  if (api.extensions(d, nullptr, &n, nullptr) != VK_SUCCESS) return false;
  std::vector<VkExtensionProperties> all(std::min(n, most_extensions));
  n = static_cast<std::uint32_t>(all.size());
  const VkResult status = api.extensions(d, nullptr, &n, all.data());
  if (status != VK_SUCCESS && status != VK_INCOMPLETE) return false;
  all.resize(std::min<std::size_t>(all.size(), n));
  return std::any_of(all.begin(), all.end(), [&](const VkExtensionProperties& e) {
    return name == std::string_view(e.extensionName, ::strnlen(e.extensionName, sizeof e.extensionName));
  });
}

vulkan_kind kind_of(VkPhysicalDeviceType t) {
  switch (t) {
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
      return vulkan_kind::integrated;
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
      return vulkan_kind::discrete;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
      return vulkan_kind::virtual_gpu;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
      return vulkan_kind::software;
    default:
      return vulkan_kind::other;
  }
}

void read_properties(const instance_api& api, VkPhysicalDevice d, live_vulkan_device& to) {
  VkPhysicalDeviceMaintenance4Properties four{};
  four.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES;
  VkPhysicalDeviceMaintenance3Properties three{};
  three.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES;
  const bool has_four = has_extension(api, d, VK_KHR_MAINTENANCE_4_EXTENSION_NAME);
  if (has_four) three.pNext = &four;
  VkPhysicalDeviceProperties2 all{};
  all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  all.pNext = &three;
  api.properties(d, &all);
  const VkPhysicalDeviceProperties& p = all.properties;
  to.kind = kind_of(p.deviceType);
  to.gpu.name.assign(p.deviceName, ::strnlen(p.deviceName, sizeof p.deviceName));
  to.gpu.backend = backend_kind::vulkan;
  to.gpu.unified = to.kind == vulkan_kind::integrated;
  device_limits& l = to.gpu.limits;
  l.alignment = p.limits.minStorageBufferOffsetAlignment;
  l.host_alignment = p.limits.minMemoryMapAlignment;
  l.range = p.limits.maxStorageBufferRange;
  l.allocation = three.maxMemoryAllocationSize;
  l.buffer = has_four ? four.maxBufferSize : l.allocation;
}

/// What tells an architecture, as far as the driver says.
struct told_of_kernels {
  std::uint32_t vendor = 0, least_subgroup = 0, largest_subgroup = 0, waves = 0, warps = 0;
  bool dots_bytes = false, dots_mixed_bytes = false, has_matrices = false;
};

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: get_device_architecture
vulkan_architecture architecture_of(const told_of_kernels& t) {
  using enum vulkan_architecture;
  constexpr std::uint32_t amd = 0x1002, nvidia = 0x10de, intel = 0x8086;
  constexpr std::uint32_t warps_of_turing = 32, waves_of_rdna1 = 20;
  if (t.vendor == nvidia)
    return !t.has_matrices ? pre_turing : t.warps == warps_of_turing ? turing : ampere;
  if (t.vendor == intel)
    return t.least_subgroup == 16 ? xe2 : t.least_subgroup == 8 && t.dots_bytes ? xe1 : gen9;
  if (t.vendor != amd || t.largest_subgroup != 64) return unknown;
  if (t.least_subgroup == 64) return t.dots_bytes ? vega20 : gcn;
  if (t.waves == waves_of_rdna1) return t.dots_bytes ? rdna1_dot : rdna1;
  return t.dots_mixed_bytes ? rdna3 : rdna2;
}

/// Chains a structure of properties before those that are asked for already.
template <class T>
void chain(VkPhysicalDeviceProperties2& all, T& one, VkStructureType type) {
  one.sType = type;
  one.pNext = all.pNext;
  all.pNext = &one;
}

void read_architecture(const instance_api& api, VkPhysicalDevice d, device& to) {
  const auto has = [&](const char* name) { return has_extension(api, d, name); };
  VkPhysicalDeviceProperties2 all{};
  all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
  VkPhysicalDeviceVulkan12Properties twelve{};
  VkPhysicalDeviceSubgroupSizeControlProperties subgroups{};
  VkPhysicalDeviceShaderIntegerDotProductProperties dots{};
  VkPhysicalDeviceShaderCorePropertiesAMD amd{};
  VkPhysicalDeviceShaderCoreProperties2AMD amd2{};
  VkPhysicalDeviceShaderSMBuiltinsPropertiesNV nvidia{};
  chain(all, twelve, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES);
  if (has(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME))
    chain(all, subgroups, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES);
  if (has(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME))
    chain(all, dots, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES);
  if (has(VK_AMD_SHADER_CORE_PROPERTIES_EXTENSION_NAME))
    chain(all, amd, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD);
  if (has(VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME))
    chain(all, amd2, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_2_AMD);
  if (has(VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME))
    chain(all, nvidia, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV);
  api.properties(d, &all);
  to.n_sm = std::max(nvidia.shaderSMCount, amd2.activeComputeUnitCount);
  to.limits.by_amds_driver = twelve.driverID == VK_DRIVER_ID_AMD_PROPRIETARY;
  to.limits.architecture =
      architecture_of({.vendor = all.properties.vendorID,
                       .least_subgroup = subgroups.minSubgroupSize,
                       .largest_subgroup = subgroups.maxSubgroupSize,
                       .waves = amd.wavefrontsPerSimd,
                       .warps = nvidia.shaderWarpsPerSM,
                       .dots_bytes = dots.integerDotProduct4x8BitPackedSignedAccelerated != 0,
                       .dots_mixed_bytes =
                           dots.integerDotProduct4x8BitPackedMixedSignednessAccelerated != 0,
                       .has_matrices = has("VK_KHR_cooperative_matrix")});
}

void read_features(const instance_api& api, VkPhysicalDevice d, device_limits& to) {
  VkPhysicalDeviceVulkan12Features twelve{};
  twelve.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  VkPhysicalDeviceFeatures2 all{};
  all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
  all.pNext = &twelve;
  api.features(d, &all);
  to.lacks_fp16 = twelve.shaderFloat16 == VK_FALSE;
  to.indexes_64_bits = has_extension(api, d, "VK_EXT_shader_64bit_indexing");
}

void read_memory(const instance_api& api, VkPhysicalDevice d, live_vulkan_device& to) {
  VkPhysicalDeviceMemoryBudgetPropertiesEXT budget{};
  budget.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT;
  VkPhysicalDeviceMemoryProperties2 all{};
  all.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2;
  to.tells_budget = has_extension(api, d, VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);
  if (to.tells_budget) all.pNext = &budget;
  api.memory(d, &all);
  const std::uint32_t n =
      std::min<std::uint32_t>(all.memoryProperties.memoryHeapCount, VK_MAX_MEMORY_HEAPS);
  for (std::uint32_t i = 0; i < n; ++i) {
    const VkMemoryHeap& heap = all.memoryProperties.memoryHeaps[i];
    if (!to.gpu.unified && (heap.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) == 0) continue;
    to.gpu.total += bytes{heap.size};
    to.gpu.free += to.tells_budget
                       ? saturating_sub(bytes{budget.heapBudget[i]}, bytes{budget.heapUsage[i]})
                       : bytes{heap.size};
  }
}

json::object to_json(const live_vulkan_device& d) {
  const device_limits& l = d.gpu.limits;
  return {{"name", d.gpu.name},
          {"kind", static_cast<int>(d.kind)},
          {"budget", d.tells_budget},
          {"total", d.gpu.total.count},
          {"free", d.gpu.free.count},
          {"limits", {l.alignment, l.host_alignment, l.allocation, l.buffer, l.range}},
          {"lacks_fp16", l.lacks_fp16},
          {"indexes_64_bits", l.indexes_64_bits},
          {"architecture", name(l.architecture)},
          {"by_amds_driver", l.by_amds_driver},
          {"cores", d.gpu.n_sm}};
}

live_vulkan_device vulkan_device_of(const json::object& o) {
  live_vulkan_device d;
  const auto number = [](const json::value& v) { return v.to_number<std::uint64_t>(); };
  d.gpu.name = o.at("name").as_string();
  d.kind = static_cast<vulkan_kind>(number(o.at("kind")));
  d.tells_budget = o.at("budget").as_bool();
  d.gpu.total = {number(o.at("total"))};
  d.gpu.free = {number(o.at("free"))};
  const json::array& l = o.at("limits").as_array();
  d.gpu.limits = {.alignment = number(l[0]),
                  .host_alignment = number(l[1]),
                  .allocation = number(l[2]),
                  .buffer = number(l[3]),
                  .range = number(l[4]),
                  .lacks_fp16 = o.at("lacks_fp16").as_bool(),
                  .indexes_64_bits = o.at("indexes_64_bits").as_bool(),
                  .architecture = vulkan_architecture_named(o.at("architecture").as_string())
                                      .value_or(vulkan_architecture::unknown),
                  .by_amds_driver = o.at("by_amds_driver").as_bool()};
  d.gpu.n_sm = static_cast<std::uint32_t>(number(o.at("cores")));
  d.gpu.backend = backend_kind::vulkan;
  d.gpu.unified = d.kind == vulkan_kind::integrated;
  d.gpu.driver_context = context_of_vulkan();
  d.gpu.draft_context = {};
  return d;
}

result<json::object> ask_loader() {
  const auto api = make_instance();
  if (!api) return api.error();
  std::array<VkPhysicalDevice, most_devices> handles{};
  std::uint32_t n = most_devices;
  const VkResult status = api->devices(api->instance, &n, handles.data());
  if (status != VK_SUCCESS && status != VK_INCOMPLETE)
    return failed("vkEnumeratePhysicalDevices", status);
  json::array devices;
  for (std::uint32_t i = 0; i < std::min(n, most_devices); ++i) {
    live_vulkan_device d;
    read_properties(*api, handles[i], d);
    read_architecture(*api, handles[i], d.gpu);
    read_features(*api, handles[i], d.gpu.limits);
    read_memory(*api, handles[i], d);
    devices.push_back(to_json(d));
  }
  api->destroy(api->instance, nullptr);
  return json::object{{"devices", std::move(devices)}};
}

}  // namespace

std::string_view name(vulkan_kind k) {
  constexpr std::array<std::string_view, 5> names = {"other", "integrated", "discrete", "virtual",
                                                     "software"};
  return names[std::min(static_cast<std::size_t>(k), names.size() - 1)];
}

result<std::vector<live_vulkan_device>> vulkan_devices_here() {
  const auto answer = in_own_process(ask_loader);
  if (!answer) return answer.error();
  std::vector<live_vulkan_device> all;
  for (const json::value& d : answer->at("devices").as_array())
    all.push_back(vulkan_device_of(d.as_object()));
  return all;
}

std::vector<live_vulkan_device> used_by_engine(std::vector<live_vulkan_device> all) {
  const auto has = [&](vulkan_kind k) {
    return std::any_of(all.begin(), all.end(), [k](const auto& d) { return d.kind == k; });
  };
  const vulkan_kind wanted =
      has(vulkan_kind::discrete) ? vulkan_kind::discrete : vulkan_kind::integrated;
  std::erase_if(all, [&](const live_vulkan_device& d) { return d.kind != wanted; });
  return all;
}

}  // namespace vrambudget
