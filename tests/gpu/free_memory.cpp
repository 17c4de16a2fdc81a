// free_memory: bytes free on the first GPU by NVML, without a context that would take some of them.
// Nothing is printed where NVML does not know.
#include <array>
#include <cstdio>

#include "vrambudget/gpu/driver_api.hpp"
#include "vrambudget/gpu/nvml_api.hpp"

using namespace vrambudget;

int main() {
  const auto cuda = load_driver_api();
  const auto nvml = load_nvml_api();
  if (!cuda || !nvml || nvml->nvmlInit() != nvml_api::success) return 0;
  int device = 0;
  std::array<char, 32> pci_bus_id{};
  nvml_api::handle handle = nullptr;
  nvml_api::memory_v1 memory;
  if (cuda->cuInit(0) == driver_api::success &&
      cuda->cuDeviceGet(&device, 0) == driver_api::success &&
      cuda->cuDeviceGetPCIBusId(pci_bus_id.data(), static_cast<int>(pci_bus_id.size()), device) ==
          driver_api::success &&
      nvml->nvmlDeviceGetHandleByPciBusId(pci_bus_id.data(), &handle) == nvml_api::success &&
      nvml->nvmlDeviceGetMemoryInfo(handle, &memory) == nvml_api::success)
    std::printf("%llu\n", memory.free);
  nvml->nvmlShutdown();
}
