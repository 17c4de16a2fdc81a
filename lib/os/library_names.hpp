// What systems call the libraries that are opened when they are asked for.
#pragma once

namespace vrambudget::detail {

#if defined(_WIN32)
inline constexpr const char *cuda_library = "nvcuda.dll", *nvml_library = "nvml.dll",
                            *vulkan_library = "vulkan-1.dll";
#elif defined(__APPLE__)
inline constexpr const char *cuda_library = "libcuda.dylib", *nvml_library = "libnvidia-ml.dylib",
                            *vulkan_library = "libvulkan.1.dylib";
#else
inline constexpr const char *cuda_library = "libcuda.so.1", *nvml_library = "libnvidia-ml.so.1",
                            *vulkan_library = "libvulkan.so.1";
#endif

}  // namespace vrambudget::detail
