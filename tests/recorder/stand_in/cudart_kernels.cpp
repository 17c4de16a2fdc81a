// Stands in for libcudart.so.13: kernels. They are registered by name, launched without effect, and how many
// blocks of one run at once is computed as the driver does.
#include <algorithm>
#include <climits>
#include <cstring>
#include <vector>

#include "cuda_abi.hpp"
#include "cuda_limits.hpp"
#include "device.hpp"
#include "kernels.hpp"

namespace {

struct launch {
  dim3 grid, block;
  std::size_t shared_bytes;
  cudaStream_t stream;
};
thread_local std::vector<launch> launches;

int current_cc() {
  int d = 0;
  cudaGetDevice(&d);
  const stand_in::card& c = *stand_in::card_at(d);
  return c.major() * 10 + c.minor();
}

/// Blocks a multiprocessor whose registers last: a warp's are given 256 at a time, each of the four parts of
/// a multiprocessor has a quarter.
int blocks_by_registers(int n_registers, int warps) {
  if (n_registers == 0) return INT_MAX;
  const int of_warp = (n_registers * 32 + 255) / 256 * 256;
  return 65536 / 4 / of_warp * 4 / warps;
}

}  // namespace

extern "C" {

void** __cudaRegisterFatBinary(void*) {
  static void* handle[1];
  return handle;
}
void __cudaRegisterFatBinaryEnd(void**) {}
void __cudaUnregisterFatBinary(void**) {}
void __cudaRegisterFunction(void**, const char* function, char*, const char* name, int, uint3*,
                            uint3*, dim3*, dim3*, int*) {
  stand_in::name_kernel(function, name);
}
void __cudaRegisterVar(void**, char*, char*, const char*, int, std::size_t, int, int) {}

unsigned __cudaPushCallConfiguration(dim3 grid, dim3 block, std::size_t shared, cudaStream_t s) {
  launches.push_back({grid, block, shared, s});
  return 0;
}
cudaError_t __cudaPopCallConfiguration(dim3* grid, dim3* block, std::size_t* shared, void* stream) {
  if (launches.empty()) return cudaErrorMissingConfiguration;
  const launch l = launches.back();
  launches.pop_back();
  *grid = l.grid;
  *block = l.block;
  *shared = l.shared_bytes;
  *static_cast<cudaStream_t*>(stream) = l.stream;
  return cudaSuccess;
}
cudaError_t __cudaGetKernel(cudaKernel_t* k, const void* function) {
  *k = reinterpret_cast<cudaKernel_t>(const_cast<void*>(function));
  return cudaSuccess;
}
cudaError_t __cudaLaunchKernel(cudaKernel_t, dim3, dim3, void**, std::size_t, cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaLaunchKernel(const void*, dim3, dim3, void**, std::size_t, cudaStream_t) {
  return cudaSuccess;
}
cudaError_t cudaLaunchKernelExC(const cudaLaunchConfig_t*, const void*, void**) {
  return cudaSuccess;
}
cudaError_t cudaLaunchCooperativeKernel(const void*, dim3, dim3, void**, std::size_t,
                                        cudaStream_t) {
  return cudaSuccess;
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* a, const void* function) {
  const int cc = current_cc();
  const stand_in::kernel k = stand_in::kernel_at(function, cc);
  std::memset(a, 0, sizeof *a);
  a->numRegs = k.n_registers;
  a->sharedSizeBytes = k.shared_bytes;
  a->maxThreadsPerBlock = 1024;
  a->binaryVersion = a->ptxVersion = k.arch;
  a->maxDynamicSharedSizeBytes = static_cast<int>(stand_in::limits_of(cc).shared_per_block);
  return cudaSuccess;
}
cudaError_t cudaFuncSetAttribute(const void*, int, int) { return cudaSuccess; }

cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int* n, const void* function,
                                                                   int n_threads,
                                                                   std::size_t dynamic_shared,
                                                                   unsigned) {
  const int cc = current_cc();
  const stand_in::cuda_limits limits = stand_in::limits_of(cc);
  const stand_in::kernel k = stand_in::kernel_at(function, cc);
  const int warps = (n_threads + 31) / 32;
  const std::size_t unit = limits.shared_unit;
  const std::size_t shared =
      (dynamic_shared + k.shared_bytes + limits.shared_reserved + unit - 1) / unit * unit;
  const int by_shared = shared == 0 ? INT_MAX : static_cast<int>(limits.shared_per_sm / shared);
  *n = std::max(1, std::min({limits.blocks_per_sm, limits.threads_per_sm / 32 / warps, by_shared,
                             blocks_by_registers(k.n_registers, warps)}));
  return cudaSuccess;
}
}
