// A loader of Vulkan with an integrated, a discrete and a software device; the discrete one is a Radeon RX 7900 XTX as
// Mesa's driver reports it, 100 MiB of which are in use.
#include <vulkan/vulkan_core.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace {

constexpr VkDeviceSize mib = 1 << 20;

struct fake_device {
  VkPhysicalDeviceType type;
  const char* name;
  VkDeviceSize local;
  std::uint32_t n_core;  // compute units
};
const std::array<fake_device, 3> devices{{
    {VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU, "AMD Radeon 780M (RADV PHOENIX)", 4096 * mib, 12},
    {VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, "AMD Radeon RX 7900 XTX (RADV NAVI31)", 24560 * mib, 96},
    {VK_PHYSICAL_DEVICE_TYPE_CPU, "llvmpipe", 32768 * mib, 0},
}};

const fake_device& of(VkPhysicalDevice d) { return *reinterpret_cast<const fake_device*>(d); }

bool fails(const char* what) {
  const char* set = std::getenv("FAKE_VULKAN_FAIL");
  return set != nullptr && std::string_view(set) == what;
}

VkResult create_instance(const VkInstanceCreateInfo*, const VkAllocationCallbacks*,
                         VkInstance* made) {
  if (fails("instance")) return VK_ERROR_INCOMPATIBLE_DRIVER;
  if (fails("crash")) std::abort();
  static int instance;
  *made = reinterpret_cast<VkInstance>(&instance);
  return VK_SUCCESS;
}
void destroy_instance(VkInstance, const VkAllocationCallbacks*) {}

VkResult enumerate_devices(VkInstance, std::uint32_t* n, VkPhysicalDevice* to) {
  if (fails("devices")) return VK_ERROR_INITIALIZATION_FAILED;
  *n = fails("none") ? 0 : static_cast<std::uint32_t>(devices.size());
  for (std::uint32_t i = 0; i < *n; ++i)
    to[i] = reinterpret_cast<VkPhysicalDevice>(const_cast<fake_device*>(&devices[i]));
  return VK_SUCCESS;
}

/// What tells RDNA 3 from others.
void tell_kernels(const fake_device& d, VkBaseOutStructure& to) {
  switch (to.sType) {
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES: {
      auto& p = reinterpret_cast<VkPhysicalDeviceSubgroupSizeControlProperties&>(to);
      p.minSubgroupSize = 32;
      p.maxSubgroupSize = 64;
      break;
    }
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES: {
      auto& p = reinterpret_cast<VkPhysicalDeviceShaderIntegerDotProductProperties&>(to);
      p.integerDotProduct4x8BitPackedSignedAccelerated = VK_TRUE;
      p.integerDotProduct4x8BitPackedMixedSignednessAccelerated = VK_TRUE;
      break;
    }
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD:
      reinterpret_cast<VkPhysicalDeviceShaderCorePropertiesAMD&>(to).wavefrontsPerSimd = 16;
      break;
    case VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_2_AMD:
      reinterpret_cast<VkPhysicalDeviceShaderCoreProperties2AMD&>(to).activeComputeUnitCount =
          d.n_core;
      break;
    default:
      break;
  }
}

void get_properties(VkPhysicalDevice d, VkPhysicalDeviceProperties2* all) {
  VkPhysicalDeviceProperties& p = all->properties;
  p.deviceType = of(d).type;
  p.vendorID = of(d).n_core > 0 ? 0x1002 : 0x10005;
  std::strncpy(p.deviceName, of(d).name, sizeof p.deviceName - 1);
  p.limits.minStorageBufferOffsetAlignment = 4;
  p.limits.minMemoryMapAlignment = 4096;
  p.limits.maxStorageBufferRange = 4294967295u;
  for (auto* next = static_cast<VkBaseOutStructure*>(all->pNext); next; next = next->pNext) {
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES)
      reinterpret_cast<VkPhysicalDeviceMaintenance3Properties*>(next)->maxMemoryAllocationSize =
          4294967292;
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES)
      reinterpret_cast<VkPhysicalDeviceMaintenance4Properties*>(next)->maxBufferSize = 4294967288;
    tell_kernels(of(d), *next);
  }
}

void get_features(VkPhysicalDevice, VkPhysicalDeviceFeatures2* all) {
  for (auto* next = static_cast<VkBaseOutStructure*>(all->pNext); next; next = next->pNext)
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES)
      reinterpret_cast<VkPhysicalDeviceVulkan12Features*>(next)->shaderFloat16 = VK_TRUE;
}

void get_memory(VkPhysicalDevice d, VkPhysicalDeviceMemoryProperties2* all) {
  VkPhysicalDeviceMemoryProperties& m = all->memoryProperties;
  m.memoryHeapCount = 2;
  m.memoryHeaps[0] = {of(d).local, VK_MEMORY_HEAP_DEVICE_LOCAL_BIT};
  m.memoryHeaps[1] = {16384 * mib, 0};
  for (auto* next = static_cast<VkBaseOutStructure*>(all->pNext); next; next = next->pNext)
    if (next->sType == VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT) {
      auto& budget = *reinterpret_cast<VkPhysicalDeviceMemoryBudgetPropertiesEXT*>(next);
      budget.heapBudget[0] = of(d).local;
      budget.heapUsage[0] = 100 * mib;
      budget.heapBudget[1] = 16384 * mib;
    }
}

VkResult get_extensions(VkPhysicalDevice, const char*, std::uint32_t* n, VkExtensionProperties* to) {
  constexpr std::array names = {VK_KHR_MAINTENANCE_4_EXTENSION_NAME,
                                VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME,
                                VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME,
                                VK_AMD_SHADER_CORE_PROPERTIES_EXTENSION_NAME,
                                VK_AMD_SHADER_CORE_PROPERTIES_2_EXTENSION_NAME,
                                VK_EXT_MEMORY_BUDGET_EXTENSION_NAME};
  *n = static_cast<std::uint32_t>(names.size()) - (fails("budget") ? 1 : 0);
  for (std::uint32_t i = 0; to != nullptr && i < *n; ++i)
    std::strncpy(to[i].extensionName, names[i], VK_MAX_EXTENSION_NAME_SIZE - 1);
  return VK_SUCCESS;
}

}  // namespace

extern "C" PFN_vkVoidFunction vkGetInstanceProcAddr(VkInstance, const char* name) {
  const std::string_view n = name;
  const auto as = [](auto f) { return reinterpret_cast<PFN_vkVoidFunction>(f); };
  if (fails(name)) return nullptr;
  if (n == "vkCreateInstance") return as(create_instance);
  if (n == "vkDestroyInstance") return as(destroy_instance);
  if (n == "vkEnumeratePhysicalDevices") return as(enumerate_devices);
  if (n == "vkGetPhysicalDeviceProperties2") return as(get_properties);
  if (n == "vkGetPhysicalDeviceMemoryProperties2") return as(get_memory);
  if (n == "vkGetPhysicalDeviceFeatures2") return as(get_features);
  if (n == "vkEnumerateDeviceExtensionProperties") return as(get_extensions);
  return nullptr;
}
