// The HIP backend (ROCm): CUDA's code compiled for AMD's cards. Buffers and operations are CUDA's; which kernel of
// flash attention runs, and with it what copies of K and V its result has room for, is AMD's.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/backends/hip/flash_attn.hpp"

namespace vrambudget::hip {

/// One ROCm device.
class backend final : public ggml::backend {
 public:
  /// `id`: the backend's number. `n_backends`: devices and CPU.
  backend(int id, gfx architecture, int n_backends, const engine_rules& r)
      : as_cuda_(id, any_capability, n_backends, r),
        architecture_(architecture),
        copies_in_pool_(r.flash_attn_copies_in_pool) {}

  [[nodiscard]] bool supports_op(const ggml::tensor& t) const override {
    return as_cuda_.supports_op(t);
  }
  [[nodiscard]] bool wants_offload(const ggml::tensor& t) const override {
    return as_cuda_.wants_offload(t);
  }
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override {
    if (t.op == ggml::op::flash_attn_ext && !copies_in_pool_)
      return cuda::flash_attn_alloc_size(t, choose_flash_attn_kernel(t, architecture_));
    return as_cuda_.alloc_size(t);
  }
  [[nodiscard]] ggml::buffer_type buffers() const override { return as_cuda_.buffers(); }
  void optimize(std::span<ggml::tensor*> nodes, ggml::tensor* after,
                std::vector<ggml::alloc_dep>& deps) const override {
    as_cuda_.optimize(nodes, after, deps);
  }

 private:
  /// What operations are taken does not depend on it.
  static constexpr std::uint32_t any_capability = 800;

  cuda::backend as_cuda_;
  gfx architecture_;
  bool copies_in_pool_;
};

}  // namespace vrambudget::hip
