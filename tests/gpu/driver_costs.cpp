// driver_costs: what the driver of the first GPU takes of its memory, as JSON: the context of a process, the
// same with larger stacks for its threads, and single allocations.
#include <dlfcn.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>

#include "vrambudget/gpu/driver_api.hpp"
#include "vrambudget/gpu/nvml_api.hpp"
#include "vrambudget/gpu/probe.hpp"

using namespace vrambudget;

namespace {

using set_limit = int (*)(int, std::size_t);
constexpr int stack_size = 0;         // CU_LIMIT_STACK_SIZE
constexpr int threads_of_an_sm = 39;  // CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR
constexpr std::array<std::size_t, 3> stacks = {1024, 2048,
                                               4096};  // bytes a thread; the first is usual
constexpr std::size_t mib = 1u << 20;
constexpr std::array<std::size_t, 5> sizes = {mib, 2 * mib, 2 * mib + 256, 3 * mib, 7 * mib + 1};

int failed(const std::string& why) {
  std::fprintf(stderr, "driver_costs: %s\n", why.c_str());
  return 4;
}

/// Bytes in use of a device by NVML, which a context does not change by being asked.
class memory_in_use {
 public:
  explicit memory_in_use(const char* pci_bus_id) : nvml_(load_nvml_api()) {
    is_known_ = nvml_ && nvml_->nvmlInit() == nvml_api::success &&
                nvml_->nvmlDeviceGetHandleByPciBusId(pci_bus_id, &device_) == nvml_api::success;
  }
  [[nodiscard]] std::optional<std::uint64_t> now() const {
    nvml_api::memory_v1 memory;
    if (!is_known_ || nvml_->nvmlDeviceGetMemoryInfo(device_, &memory) != nvml_api::success)
      return std::nullopt;
    return memory.used;
  }

 private:
  result<nvml_api> nvml_;
  nvml_api::handle device_ = nullptr;
  bool is_known_ = false;
};

/// What is used more than before.
std::optional<std::uint64_t> growth(const memory_in_use& memory, std::uint64_t before) {
  const auto after = memory.now();
  return after && *after >= before ? std::optional(*after - before) : std::nullopt;
}

int print_stacks(const driver_api& cuda, const memory_in_use& memory, std::uint64_t before) {
  const auto set = reinterpret_cast<set_limit>(dlsym(RTLD_DEFAULT, "cuCtxSetLimit"));
  std::printf("\"stacks\": [");
  if (set != nullptr)
    for (const std::size_t stack : stacks) {
      int s = set(stack_size, stack);
      if (s == driver_api::success) s = cuda.cuCtxSynchronize();
      const auto context = growth(memory, before);
      if (s != driver_api::success || !context) return s;
      std::printf("%s{\"stack_bytes\": %zu, \"context_bytes\": %llu}",
                  stack == stacks[0] ? "" : ", ", stack, static_cast<unsigned long long>(*context));
    }
  std::printf("], ");
  return set == nullptr ? driver_api::success : set(stack_size, stacks[0]);
}

int print_allocations(const driver_api& cuda) {
  std::printf("\"allocations\": [");
  for (const std::size_t size : sizes) {
    std::size_t before = 0, after = 0, total = 0;
    driver_api::address a = 0;
    int s = cuda.cuMemGetInfo(&before, &total);
    if (s == driver_api::success) s = cuda.cuMemAlloc(&a, size);
    if (s == driver_api::success) s = cuda.cuMemGetInfo(&after, &total);
    if (a != 0) cuda.cuMemFree(a);
    if (s != driver_api::success) return s;
    std::printf("%s{\"size_bytes\": %zu, \"taken_bytes\": %zu}", size == sizes[0] ? "" : ", ", size,
                before - after);
  }
  std::printf("]}\n");
  return driver_api::success;
}

}  // namespace

int main() {
  const auto cuda = load_driver_api();
  if (!cuda) return failed(cuda.error().message);
  dlopen("libcuda.so.1", RTLD_NOW | RTLD_GLOBAL);  // for a function that only this asks for
  int device = 0, n_sm = 0, threads = 0;
  std::array<char, 32> pci_bus_id{};
  driver_api::context context = nullptr;
  std::size_t free = 0, total = 0;
  const auto ok = [](int status) { return status == driver_api::success; };
  if (!ok(cuda->cuInit(0)) || !ok(cuda->cuDeviceGet(&device, 0)) ||
      !ok(cuda->cuDeviceGetAttribute(&n_sm, driver_api::multiprocessor_count, device)) ||
      !ok(cuda->cuDeviceGetAttribute(&threads, threads_of_an_sm, device)) ||
      !ok(cuda->cuDeviceGetPCIBusId(pci_bus_id.data(), static_cast<int>(pci_bus_id.size()),
                                    device)))
    return failed("the first GPU does not tell what it is");
  const memory_in_use memory(pci_bus_id.data());
  const auto before = memory.now();
  if (!before) return failed("NVML does not tell what is in use");
  int s = cuda->cuDevicePrimaryCtxRetain(&context, device);
  if (!ok(s)) return failed(driver_error(*cuda, "a context", s).message);
  s = cuda->cuCtxSetCurrent(context);
  if (ok(s)) s = cuda->cuMemGetInfo(&free, &total);
  std::printf("{\"sm_count\": %d, \"threads_per_sm\": %d, ", n_sm, threads);
  if (ok(s)) s = print_stacks(*cuda, memory, *before);
  if (ok(s)) s = print_allocations(*cuda);
  cuda->cuCtxSetCurrent(nullptr);
  cuda->cuDevicePrimaryCtxRelease(device);
  return ok(s) ? 0 : failed(driver_error(*cuda, "the costs", s).message);
}
