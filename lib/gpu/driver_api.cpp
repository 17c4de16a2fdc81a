// Loads the CUDA driver and NVML.
#include "vrambudget/gpu/driver_api.hpp"

#include "os/library_names.hpp"
#include "os/shared_library.hpp"
#include "vrambudget/gpu/nvml_api.hpp"

namespace vrambudget {

result<driver_api> load_driver_api() {
  detail::shared_library lib(detail::cuda_library);
  driver_api a;
  lib.find("cuInit", a.cuInit);
  lib.find("cuGetErrorName", a.cuGetErrorName);
  lib.find("cuDeviceGetCount", a.cuDeviceGetCount);
  lib.find("cuDeviceGet", a.cuDeviceGet);
  lib.find("cuDeviceGetName", a.cuDeviceGetName);
  lib.find("cuDeviceGetAttribute", a.cuDeviceGetAttribute);
  lib.find("cuDeviceGetPCIBusId", a.cuDeviceGetPCIBusId);
  lib.find("cuDevicePrimaryCtxRetain", a.cuDevicePrimaryCtxRetain);
  lib.find("cuDevicePrimaryCtxRelease_v2", a.cuDevicePrimaryCtxRelease);
  lib.find("cuCtxSetCurrent", a.cuCtxSetCurrent);
  lib.find("cuCtxCreate_v2", a.cuCtxCreate);
  lib.find("cuCtxDestroy_v2", a.cuCtxDestroy);
  lib.find("cuMemGetInfo_v2", a.cuMemGetInfo);
  lib.find("cuMemAlloc_v2", a.cuMemAlloc);
  lib.find("cuMemFree_v2", a.cuMemFree);
  lib.find("cuMemsetD8_v2", a.cuMemsetD8);
  lib.find("cuCtxSynchronize", a.cuCtxSynchronize);
  lib.find_optional("cuMemGetAllocationGranularity", a.cuMemGetAllocationGranularity);
  lib.find_optional("cuDriverGetVersion", a.cuDriverGetVersion);
  if (const auto ok = lib.check(); !ok)
    return lib.is_open()
               ? ok.error()
               : error{ok.error().code, "no NVIDIA driver here (" + ok.error().message + ")"};
  return a;
}

result<nvml_api> load_nvml_api() {
  detail::shared_library lib(detail::nvml_library);
  nvml_api a;
  lib.find("nvmlInit_v2", a.nvmlInit);
  lib.find("nvmlShutdown", a.nvmlShutdown);
  lib.find("nvmlDeviceGetHandleByPciBusId_v2", a.nvmlDeviceGetHandleByPciBusId);
  lib.find("nvmlDeviceGetMemoryInfo", a.nvmlDeviceGetMemoryInfo);
  lib.find_optional("nvmlDeviceGetMemoryInfo_v2", a.nvmlDeviceGetMemoryInfo_v2);
  lib.find_optional("nvmlDeviceGetMigMode", a.nvmlDeviceGetMigMode);
  lib.find_optional("nvmlSystemGetDriverVersion", a.nvmlSystemGetDriverVersion);
  if (const auto ok = lib.check(); !ok) return ok.error();
  return a;
}

}  // namespace vrambudget
