// Stands in for libcuda.so.1: virtual memory management, which the engine's pool is made of.
#include <sys/mman.h>

#include <map>
#include <mutex>

#include "cuda_abi.hpp"
#include "device.hpp"

namespace {

struct physical {
  int card;
  std::size_t bytes;
};

std::mutex mutex;
std::map<CUmemGenericAllocationHandle, physical> created;
std::map<CUdeviceptr, physical> mapped;
CUmemGenericAllocationHandle next_handle = 1;

}  // namespace

extern "C" {

CUresult cuDeviceGet(CUdevice* d, int i) {
  *d = i;
  return stand_in::card_at(i) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}
CUresult cuDeviceGetAttribute(int* v, int attribute, CUdevice d) {
  const stand_in::card* c = stand_in::card_at(d);
  if (!c) return CUDA_ERROR_INVALID_DEVICE;
  const bool asks_for_vmm = attribute == CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED;
  *v = asks_for_vmm ? static_cast<int>(c->number("vmm", 1)) : 1;
  return CUDA_SUCCESS;
}
CUresult cuGetErrorString(CUresult e, const char** text) {
  *text = e == CUDA_ERROR_OUT_OF_MEMORY ? "out of memory" : "refused by the stand-in";
  return CUDA_SUCCESS;
}
CUresult cuMemGetAllocationGranularity(std::size_t* n, const CUmemAllocationProp*, int) {
  *n = std::size_t{2} << 20;
  return CUDA_SUCCESS;
}
CUresult cuMemCreate(CUmemGenericAllocationHandle* h, std::size_t n, const CUmemAllocationProp* p,
                     unsigned long long) {
  if (!stand_in::pool(p->location.id, static_cast<std::int64_t>(n)))
    return CUDA_ERROR_OUT_OF_MEMORY;
  const std::scoped_lock lock(mutex);
  *h = next_handle++;
  created[*h] = {p->location.id, n};
  return CUDA_SUCCESS;
}
CUresult cuMemRelease(CUmemGenericAllocationHandle) {
  return CUDA_SUCCESS;
}  // lives until unmapped
CUresult cuMemAddressReserve(CUdeviceptr* p, std::size_t n, std::size_t, CUdeviceptr,
                             unsigned long long) {
  void* q = ::mmap(nullptr, n, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (q == MAP_FAILED) return CUDA_ERROR_OUT_OF_MEMORY;
  *p = reinterpret_cast<CUdeviceptr>(q);
  return CUDA_SUCCESS;
}
CUresult cuMemAddressFree(CUdeviceptr p, std::size_t n) {
  ::munmap(reinterpret_cast<void*>(p), n);
  return CUDA_SUCCESS;
}
CUresult cuMemMap(CUdeviceptr p, std::size_t n, std::size_t, CUmemGenericAllocationHandle h,
                  unsigned long long) {
  const std::scoped_lock lock(mutex);
  mapped[p] = {created[h].card, n};
  return CUDA_SUCCESS;
}
CUresult cuMemSetAccess(CUdeviceptr, std::size_t, const void*, std::size_t) { return CUDA_SUCCESS; }
CUresult cuMemUnmap(CUdeviceptr p, std::size_t n) {
  const std::scoped_lock lock(mutex);
  for (auto it = mapped.lower_bound(p); it != mapped.end() && it->first < p + n;
       it = mapped.erase(it))
    stand_in::pool(it->second.card, -static_cast<std::int64_t>(it->second.bytes));
  return CUDA_SUCCESS;
}
}
