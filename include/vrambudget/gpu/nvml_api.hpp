// NVIDIA's management library as function pointers: from libnvidia-ml.so.1 at run time, or fakes in
// tests. It knows what a process cannot see from within; where it is missing those facts are absent.
#pragma once

#include "vrambudget/error.hpp"

namespace vrambudget {

/// The functions that a probe calls, with NVML's own signatures. Each gives an nvmlReturn_t, 0 for
/// success. Members that the loader may leave null say so.
///
/// Source: nvml.h of CUDA 12
struct nvml_api {
  using handle = void*;  ///< nvmlDevice_t

  /// nvmlMemory_t; `used` includes what the driver reserves.
  struct memory_v1 {
    unsigned long long total = 0, free = 0, used = 0;  ///< bytes
  };
  /// nvmlMemory_v2_t; `used` and `reserved` are apart.
  struct memory_v2 {
    unsigned version = 0x02000028;                                   ///< the size, and 2 on top
    unsigned long long total = 0, reserved = 0, free = 0, used = 0;  ///< bytes
  };

  static constexpr int success = 0;

  int (*nvmlInit)() = nullptr;
  int (*nvmlShutdown)() = nullptr;
  int (*nvmlDeviceGetHandleByPciBusId)(const char*, handle*) = nullptr;
  int (*nvmlDeviceGetMemoryInfo)(handle, memory_v1*) = nullptr;
  int (*nvmlDeviceGetMemoryInfo_v2)(handle, memory_v2*) = nullptr;      ///< null before driver 510
  int (*nvmlDeviceGetMigMode)(handle, unsigned*, unsigned*) = nullptr;  ///< null before driver 450
  int (*nvmlSystemGetDriverVersion)(char*, unsigned) = nullptr;         ///< may be null: only tells
};
static_assert(sizeof(nvml_api::memory_v2) == 40);

/// The management library of this machine. It stays loaded.
///
/// Errors: io  libnvidia-ml.so.1 cannot be loaded, or lacks a function
[[nodiscard]] result<nvml_api> load_nvml_api();

}  // namespace vrambudget
