// A libnvidia-ml.so.1 that sees the memory of the fake CUDA devices.
#include "driver.hpp"

namespace {

using namespace fake_cuda;

struct memory_v1 {
  unsigned long long total, free, used;
};
struct memory_v2 {
  unsigned version;
  unsigned long long total, reserved, free, used;
};

constexpr int invalid_argument = 2, not_found = 6, insufficient_size = 7, version_mismatch = 25;

std::size_t device_of(void* handle) { return reinterpret_cast<std::size_t>(handle) - 1; }

}  // namespace

extern "C" {

int nvmlInit_v2() {
  FAKE_CUDA_CALL("nvmlInit_v2");
  return 0;
}

int nvmlShutdown() { return 0; }

int nvmlSystemGetDriverVersion(char* text, unsigned size) {
  FAKE_CUDA_CALL("nvmlSystemGetDriverVersion");
  constexpr char version[] = "550.54.14";
  if (size < sizeof version) return insufficient_size;
  std::memcpy(text, version, sizeof version);
  return 0;
}

int nvmlDeviceGetHandleByPciBusId_v2(const char* id, void** handle) {
  FAKE_CUDA_CALL("nvmlDeviceGetHandleByPciBusId_v2");
  if (std::strlen(id) != std::strlen("0000:00:00.0")) return invalid_argument;
  const unsigned long device = std::strtoul(id + 5, nullptr, 16);
  if (device >= n_devices()) return not_found;
  *handle = reinterpret_cast<void*>(device + 1);
  return 0;
}

int nvmlDeviceGetMemoryInfo(void* handle, memory_v1* m) {
  FAKE_CUDA_CALL("nvmlDeviceGetMemoryInfo");
  const std::uint64_t u = used(device_of(handle));
  *m = {total() + reserved(), total() - u, u + reserved()};
  return 0;
}

int nvmlDeviceGetMemoryInfo_v2(void* handle, memory_v2* m) {
  FAKE_CUDA_CALL("nvmlDeviceGetMemoryInfo_v2");
  if (m->version != (sizeof(memory_v2) | 2u << 24)) return version_mismatch;
  const std::uint64_t u = used(device_of(handle));
  *m = {m->version, total() + reserved(), reserved(), total() - u, u};
  return 0;
}

int nvmlDeviceGetMigMode(void*, unsigned* now, unsigned* pending) {
  FAKE_CUDA_CALL("nvmlDeviceGetMigMode");
  *now = *pending = static_cast<unsigned>(number("FAKE_CUDA_MIG", 0));
  return 0;
}
}
