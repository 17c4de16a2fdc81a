// Stands in for libcudart.so.13: devices and memory. Memory calls are accounted, copies and kernels do
// nothing; what is copied to the host is zeros.
#include <cstdio>
#include <cstring>
#include <vector>

#include "cuda_abi.hpp"
#include "cuda_limits.hpp"
#include "device.hpp"

namespace {

using stand_in::card_at;

thread_local int current = 0;
thread_local cudaError_t last_error = cudaSuccess;
thread_local bool capturing = false;

cudaError_t done(cudaError_t e) {
  if (e != cudaSuccess) last_error = e;
  return e;
}

template <class Handle>
cudaError_t make(Handle* h) {
  static std::size_t next = 0x1000;
  *h = reinterpret_cast<Handle>(__sync_fetch_and_add(&next, 16));
  return cudaSuccess;
}

cudaError_t given(void** p, void* block) {
  *p = block;
  return block ? cudaSuccess : done(cudaErrorMemoryAllocation);
}

cudaError_t copied(void* to, std::size_t n, int kind) {
  constexpr std::size_t most = std::size_t{1} << 30;  // more is state, which nobody reads
  if (kind == cudaMemcpyDeviceToHost && n <= most) std::memset(to, 0, n);
  return cudaSuccess;
}

}  // namespace

extern "C" {

cudaError_t cudaGetDeviceCount(int* n) {
  *n = stand_in::n_cards();
  return *n ? cudaSuccess : done(cudaErrorNoDevice);
}
cudaError_t cudaGetDevice(int* d) {
  *d = current;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int d) {
  if (!card_at(d)) return done(cudaErrorInvalidDevice);
  current = d;
  return cudaSuccess;
}
cudaError_t cudaSetDeviceFlags(unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaDeviceCanAccessPeer(int* can, int, int) {
  *can = 0;
  return cudaSuccess;
}
cudaError_t cudaDeviceEnablePeerAccess(int, unsigned) { return cudaSuccess; }
cudaError_t cudaDeviceGetPCIBusId(char* text, int length, int d) {
  std::snprintf(text, static_cast<std::size_t>(length), "00000000:%02X:00.0", d + 1);
  return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* p, int d) {
  const stand_in::card* c = card_at(d);
  if (!c) return done(cudaErrorInvalidDevice);
  const auto limits = stand_in::limits_of(c->major() * 10 + c->minor());
  std::memset(p, 0, sizeof *p);
  std::snprintf(p->name, sizeof p->name, "%s", c->text("name").c_str());
  std::memset(p->uuid, d + 1, sizeof p->uuid);
  p->totalGlobalMem = c->total();
  p->sharedMemPerBlock = 49152;
  p->sharedMemPerBlockOptin = limits.shared_per_block;
  p->sharedMemPerMultiprocessor = limits.shared_per_sm;
  p->reservedSharedMemPerBlock = limits.shared_reserved;
  p->regsPerBlock = p->regsPerMultiprocessor = 65536;
  p->warpSize = 32;
  p->maxThreadsPerBlock = 1024;
  p->maxThreadsPerMultiProcessor = limits.threads_per_sm;
  p->maxBlocksPerMultiProcessor = limits.blocks_per_sm;
  p->major = c->major();
  p->minor = c->minor();
  p->multiProcessorCount = static_cast<int>(c->number("n_sm"));
  p->integrated = static_cast<int>(c->number("integrated"));
  p->pciBusID = d + 1;
  p->canMapHostMemory = p->unifiedAddressing = p->managedMemory = p->cooperativeLaunch = 1;
  p->hostRegisterSupported = p->memoryPoolsSupported = 1;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* v, int attribute, int d) {
  const stand_in::card* c = card_at(d);
  if (!c) return done(cudaErrorInvalidDevice);
  const auto limits = stand_in::limits_of(c->major() * 10 + c->minor());
  *v = [&]() -> int {
    switch (attribute) {
      case cudaDevAttrMaxThreadsPerBlock:
        return 1024;
      case cudaDevAttrMultiProcessorCount:
        return static_cast<int>(c->number("n_sm"));
      case cudaDevAttrComputeCapabilityMajor:
        return c->major();
      case cudaDevAttrComputeCapabilityMinor:
        return c->minor();
      case cudaDevAttrMaxSharedMemoryPerBlock:
        return 49152;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        return static_cast<int>(limits.shared_per_block);
      case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        return static_cast<int>(limits.shared_per_sm);
      case cudaDevAttrMaxRegistersPerMultiprocessor:
      case cudaDevAttrMaxRegistersPerBlock:
        return 65536;
      case cudaDevAttrMaxThreadsPerMultiProcessor:
        return limits.threads_per_sm;
      case cudaDevAttrMaxBlocksPerMultiprocessor:
        return limits.blocks_per_sm;
      case cudaDevAttrWarpSize:
        return 32;
      case cudaDevAttrMaxGridDimX:
        return 2147483647;
      case cudaDevAttrMaxGridDimY:
      case cudaDevAttrMaxGridDimZ:
        return 65535;
      case cudaDevAttrIntegrated:
        return static_cast<int>(c->number("integrated"));
      case cudaDevAttrCooperativeLaunch:
      case cudaDevAttrMemoryPoolsSupported:
        return 1;
      default:
        std::fprintf(stderr, "stand-in: cudaDeviceGetAttribute(%d) is not known, 1\n", attribute);
        return 1;
    }
  }();
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const stand_in::card* c = card_at(current);
  if (!c) return done(cudaErrorInvalidDevice);
  *free = c->free();
  *total = c->total();
  return cudaSuccess;
}

cudaError_t cudaGetLastError() {
  const cudaError_t e = last_error;
  last_error = cudaSuccess;
  return e;
}
cudaError_t cudaPeekAtLastError() { return last_error; }
const char* cudaGetErrorString(cudaError_t e) {
  return e == cudaSuccess                 ? "no error"
         : e == cudaErrorMemoryAllocation ? "out of memory"
                                          : "refused by the stand-in";
}

// ---- memory ----
cudaError_t cudaMalloc(void** p, std::size_t n) {
  *p = nullptr;
  return n == 0 ? cudaSuccess : given(p, stand_in::allocate(current, n));
}
cudaError_t cudaMallocManaged(void** p, std::size_t n, unsigned) {
  return given(p, stand_in::allocate(current, n));
}
cudaError_t cudaFree(void* p) {
  return !p || stand_in::release(p) ? cudaSuccess : done(cudaErrorInvalidValue);
}
cudaError_t cudaMallocHost(void** p, std::size_t n) { return given(p, stand_in::allocate_host(n)); }
cudaError_t cudaHostAlloc(void** p, std::size_t n, unsigned) {
  return given(p, stand_in::allocate_host(n));
}
cudaError_t cudaFreeHost(void* p) {
  return stand_in::release_host(p) ? cudaSuccess : done(cudaErrorInvalidValue);
}
cudaError_t cudaHostGetDevicePointer(void** d, void* h, unsigned) {
  *d = h;
  return cudaSuccess;
}
cudaError_t cudaHostRegister(void*, std::size_t, unsigned) { return cudaSuccess; }
cudaError_t cudaHostUnregister(void*) { return cudaSuccess; }
cudaError_t cudaMemcpyAsync(void* to, const void*, std::size_t n, int kind, cudaStream_t) {
  return copied(to, n, kind);
}
cudaError_t cudaMemcpy2DAsync(void* to, std::size_t pitch, const void*, std::size_t,
                              std::size_t width, std::size_t height, int kind, cudaStream_t) {
  for (std::size_t i = 0; i < height; ++i) copied(static_cast<char*>(to) + i * pitch, width, kind);
  return cudaSuccess;
}
cudaError_t cudaMemcpyPeerAsync(void*, int, const void*, int, std::size_t, cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaMemset(void*, int, std::size_t) { return cudaSuccess; }
cudaError_t cudaMemsetAsync(void*, int, std::size_t, cudaStream_t) { return cudaSuccess; }

// ---- streams, events, graphs ----
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* s, unsigned) { return make(s); }
cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return cudaSuccess; }
cudaError_t cudaStreamBeginCapture(cudaStream_t, int) {
  capturing = true;
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* g) {
  capturing = false;
  return make(g);
}
cudaError_t cudaStreamIsCapturing(cudaStream_t, int* status) {
  *status = capturing ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
  return cudaSuccess;
}
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* e, unsigned) { return make(e); }
cudaError_t cudaEventDestroy(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t, cudaStream_t) { return cudaSuccess; }
cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaGraphDestroy(cudaGraph_t) { return cudaSuccess; }
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) { return cudaSuccess; }
cudaError_t cudaGraphExecUpdate(cudaGraphExec_t, cudaGraph_t, cudaGraphExecUpdateResultInfo* r) {
  if (r) std::memset(r, 0, sizeof *r);
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* g, cudaGraph_t, unsigned long long) {
  return make(g);
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }
}
