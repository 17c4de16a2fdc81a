// The CUDA driver API as function pointers: from libcuda.so.1 at run time, or fakes in tests. Nothing
// of CUDA is needed to build.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vrambudget/error.hpp"

namespace vrambudget {

/// The driver's functions that a probe calls, with the driver's own signatures. Each gives a CUresult,
/// 0 for success. Members that the loader may leave null say so.
///
/// Source: cuda.h of CUDA 12, the names that libcuda.so.1 exports
struct driver_api {
  using context = void*;          ///< CUcontext
  using address = std::uint64_t;  ///< CUdeviceptr

  /// CUmemAllocationProp: memory of one device.
  struct allocation_properties {
    int type = 1;                     ///< CU_MEM_ALLOCATION_TYPE_PINNED
    int requested_handle_types = 0;   ///< CU_MEM_HANDLE_TYPE_NONE
    int location_type = 1;            ///< CU_MEM_LOCATION_TYPE_DEVICE
    int location_id = 0;              ///< the device
    void* win32_meta_data = nullptr;  ///< of no use here
    unsigned char flags[8] = {};      ///< no compression, no RDMA
  };

  /// CUdevice_attribute.
  enum attribute : int {
    multiprocessor_count = 16,
    compute_capability_major = 75,
    compute_capability_minor = 76,
  };

  static constexpr int success = 0, no_device = 100, out_of_memory = 2, not_supported = 801;

  int (*cuInit)(unsigned) = nullptr;
  int (*cuGetErrorName)(int, const char**) = nullptr;
  int (*cuDeviceGetCount)(int*) = nullptr;
  int (*cuDeviceGet)(int*, int) = nullptr;
  int (*cuDeviceGetName)(char*, int, int) = nullptr;
  int (*cuDeviceGetAttribute)(int*, int, int) = nullptr;
  int (*cuDeviceGetPCIBusId)(char*, int, int) = nullptr;
  int (*cuDevicePrimaryCtxRetain)(context*, int) = nullptr;
  int (*cuDevicePrimaryCtxRelease)(int) = nullptr;
  int (*cuCtxSetCurrent)(context) = nullptr;
  int (*cuCtxCreate)(context*, unsigned, int) = nullptr;
  int (*cuCtxDestroy)(context) = nullptr;
  int (*cuMemGetInfo)(std::size_t*, std::size_t*) = nullptr;
  int (*cuMemAlloc)(address*, std::size_t) = nullptr;
  int (*cuMemFree)(address) = nullptr;
  int (*cuMemsetD8)(address, unsigned char, std::size_t) = nullptr;
  int (*cuCtxSynchronize)() = nullptr;
  int (*cuMemGetAllocationGranularity)(std::size_t*, const allocation_properties*,
                                       int) = nullptr;  ///< null before CUDA 10.2
  int (*cuDriverGetVersion)(int*) = nullptr;            ///< may be null: only tells, is not needed
};
static_assert(sizeof(void*) != 8 || sizeof(driver_api::allocation_properties) == 32);

/// The driver of this machine. The library stays loaded.
///
/// Errors: io  there is no libcuda.so.1, it cannot be loaded, or lacks a function that it has in every driver of ours
[[nodiscard]] result<driver_api> load_driver_api();

}  // namespace vrambudget
