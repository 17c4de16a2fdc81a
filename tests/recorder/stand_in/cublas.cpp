// Stands in for libcublas.so.13. The engine gives cuBLAS its workspace, which is accounted like its other
// memory; what would be computed is not looked at.
#include "cuda_abi.hpp"

namespace {
cublasStatus_t done() { return CUBLAS_STATUS_SUCCESS; }
}  // namespace

extern "C" {

cublasStatus_t cublasCreate_v2(cublasHandle_t* h) {
  static std::size_t next = 0x100;
  *h = reinterpret_cast<cublasHandle_t>(next += 16);
  return done();
}
cublasStatus_t cublasDestroy_v2(cublasHandle_t) { return done(); }
cublasStatus_t cublasSetMathMode(cublasHandle_t, int) { return done(); }
cublasStatus_t cublasSetStream_v2(cublasHandle_t, cudaStream_t) { return done(); }
cublasStatus_t cublasSetWorkspace_v2(cublasHandle_t, void*, std::size_t) { return done(); }
const char* cublasGetStatusString(cublasStatus_t) { return "stand-in"; }
cublasStatus_t cublasGemmEx() { return done(); }
cublasStatus_t cublasGemmBatchedEx() { return done(); }
cublasStatus_t cublasGemmStridedBatchedEx() { return done(); }
cublasStatus_t cublasSgemm_v2() { return done(); }
cublasStatus_t cublasSgemmBatched() { return done(); }
cublasStatus_t cublasSgemmStridedBatched() { return done(); }
cublasStatus_t cublasStrsmBatched() { return done(); }
}
