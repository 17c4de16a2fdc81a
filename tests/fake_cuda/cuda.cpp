// A libcuda.so.1 without a GPU: as many devices, and as much memory, as the environment says.
#include <cstdio>
#include <map>
#include <vector>

#include "driver.hpp"

namespace {

using namespace fake_cuda;

constexpr int out_of_memory = 2, invalid_value = 1, no_device = 100, invalid_context = 201;

struct context {
  std::size_t device;
};
struct allocation {
  std::size_t device;
  std::size_t size;
};

context primary[max_devices];
std::size_t n_retained[max_devices];
std::uint64_t more_stack[max_devices];  // of all threads, over the usual size
std::vector<context*> current;
std::map<std::uint64_t, allocation> allocations;
std::uint64_t next_address = 0x7f0000000000;

std::uint64_t free_of(std::size_t device) {
  const std::uint64_t taken = used(device);
  return taken < total() ? total() - taken : 0;
}

}  // namespace

extern "C" {

int cuInit(unsigned) {
  FAKE_CUDA_CALL("cuInit");
  return n_devices() > 0 ? 0 : number("FAKE_CUDA_INIT_WITHOUT_DEVICES", 0) ? 0 : no_device;
}

int cuDriverGetVersion(int* version) {
  FAKE_CUDA_CALL("cuDriverGetVersion");
  *version = 12040;
  return 0;
}

int cuGetErrorName(int status, const char** name) {
  *name = status == out_of_memory     ? "CUDA_ERROR_OUT_OF_MEMORY"
          : status == invalid_value   ? "CUDA_ERROR_INVALID_VALUE"
          : status == no_device       ? "CUDA_ERROR_NO_DEVICE"
          : status == invalid_context ? "CUDA_ERROR_INVALID_CONTEXT"
          : status == 803             ? "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"
          : status == 999             ? "CUDA_ERROR_UNKNOWN"
                                      : nullptr;
  return *name ? 0 : invalid_value;
}

int cuDeviceGetCount(int* n) {
  FAKE_CUDA_CALL("cuDeviceGetCount");
  *n = static_cast<int>(n_devices());
  return 0;
}

int cuDeviceGet(int* device, int index) {
  FAKE_CUDA_CALL("cuDeviceGet");
  *device = index;
  return 0;
}

int cuDeviceGetName(char* name, int size, int) {
  FAKE_CUDA_CALL("cuDeviceGetName");
  std::snprintf(name, static_cast<std::size_t>(size), "NVIDIA GeForce RTX 3090");
  return 0;
}

int cuDeviceGetAttribute(int* value, int attribute, int) {
  FAKE_CUDA_CALL("cuDeviceGetAttribute");
  *value = attribute == 16   ? 82
           : attribute == 39 ? 1536
           : attribute == 75 ? 8
           : attribute == 76 ? 6
                             : -1;
  return *value < 0 ? invalid_value : 0;
}

int cuDeviceGetPCIBusId(char* id, int size, int device) {
  FAKE_CUDA_CALL("cuDeviceGetPCIBusId");
  std::snprintf(id, static_cast<std::size_t>(size), "0000:%02x:00.0",
                static_cast<unsigned>(device));
  return 0;
}

int cuDevicePrimaryCtxRetain(void** made, int device) {
  FAKE_CUDA_CALL("cuDevicePrimaryCtxRetain");
  const auto d = static_cast<std::size_t>(device);
  if (n_retained[d] == 0) {
    if (free_of(d) < context_size()) return out_of_memory;
    ++shared().devices[d].n_context;
  }
  ++n_retained[d];
  primary[d].device = d;
  *made = &primary[d];
  return 0;
}

int cuDevicePrimaryCtxRelease_v2(int device) {
  FAKE_CUDA_CALL("cuDevicePrimaryCtxRelease_v2");
  const auto d = static_cast<std::size_t>(device);
  if (n_retained[d] == 0) return invalid_context;
  if (--n_retained[d] > 0) return 0;
  --shared().devices[d].n_context;
  shared().devices[d].allocated_bytes -= more_stack[d];
  more_stack[d] = 0;
  return 0;
}

int cuCtxSetLimit(int limit, std::size_t size) {
  FAKE_CUDA_CALL("cuCtxSetLimit");
  if (current.empty()) return invalid_context;
  if (limit != 0 || size < 1024) return invalid_value;
  const std::size_t d = current.back()->device;
  const std::uint64_t threads = number("FAKE_CUDA_STACKS", 82 * 1536);
  shared().devices[d].allocated_bytes += (size - 1024) * threads - more_stack[d];
  more_stack[d] = (size - 1024) * threads;
  return 0;
}

int cuCtxSetCurrent(void* c) {
  FAKE_CUDA_CALL("cuCtxSetCurrent");
  if (!current.empty()) current.pop_back();
  if (c != nullptr) current.push_back(static_cast<context*>(c));
  return 0;
}

int cuCtxCreate_v2(void** made, unsigned, int device) {
  FAKE_CUDA_CALL("cuCtxCreate_v2");
  const auto d = static_cast<std::size_t>(device);
  if (free_of(d) < context_size()) return out_of_memory;
  ++shared().devices[d].n_context;
  current.push_back(new context{d});
  *made = current.back();
  return 0;
}

int cuCtxDestroy_v2(void* c) {
  FAKE_CUDA_CALL("cuCtxDestroy_v2");
  auto* made = static_cast<context*>(c);
  --shared().devices[made->device].n_context;
  if (!current.empty() && current.back() == made) current.pop_back();
  delete made;
  return 0;
}

#ifndef FAKE_CUDA_OLD
int cuMemGetInfo_v2(std::size_t* free, std::size_t* all) {
  FAKE_CUDA_CALL("cuMemGetInfo_v2");
  if (current.empty()) return invalid_context;
  *free = free_of(current.back()->device) + number("FAKE_CUDA_FREE_TOO_MANY_MIB", 0) * mib;
  *all = total();
  return 0;
}
#endif

int cuMemAlloc_v2(std::uint64_t* address, std::size_t size) {
  FAKE_CUDA_CALL("cuMemAlloc_v2");
  if (current.empty()) return invalid_context;
  const std::size_t d = current.back()->device;
  const std::uint64_t page = number("FAKE_CUDA_PAGE_KIB", 2048) * 1024;
  const std::size_t taken = (size + page - 1) / page * page;
  if (size == 0) return invalid_value;
  if (taken > free_of(d)) return out_of_memory;
  device_state& s = shared().devices[d];
  ++s.n_allocation;
  s.allocated_bytes += taken;
  s.most_bytes = s.most_bytes > s.allocated_bytes ? s.most_bytes : s.allocated_bytes;
  ++shared().n_allocated;
  *address = next_address;
  next_address += taken;
  allocations[*address] = {d, taken};
  return 0;
}

int cuMemFree_v2(std::uint64_t address) {
  FAKE_CUDA_CALL("cuMemFree_v2");
  const auto at = allocations.find(address);
  if (at == allocations.end()) return invalid_value;
  device_state& s = shared().devices[at->second.device];
  --s.n_allocation;
  s.allocated_bytes -= at->second.size;
  allocations.erase(at);
  return 0;
}

int cuMemsetD8_v2(std::uint64_t address, unsigned char, std::size_t size) {
  FAKE_CUDA_CALL("cuMemsetD8_v2");
  const auto at = allocations.find(address);
  return at == allocations.end() || size > at->second.size ? invalid_value : 0;
}

int cuCtxSynchronize() {
  FAKE_CUDA_CALL("cuCtxSynchronize");
  return current.empty() ? invalid_context : 0;
}

int cuMemGetAllocationGranularity(std::size_t* size, const void*, int) {
  FAKE_CUDA_CALL("cuMemGetAllocationGranularity");
  *size = 2 * mib;
  return 0;
}
}
