// The CPU backend as the scheduler and the allocator see it: computes everything, in pinned memory.
#pragma once

#include <cstdint>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/buffer_type.hpp"

namespace vrambudget::cpu {

/// Its own, and pinned ones.
inline constexpr ggml::buffer_type buffers{.alignment = 32};

/// Source: llama.cpp, ggml/src/ggml-cpu/ggml-cpu.cpp, ggml-backend.cpp
class backend final : public ggml::backend {
 public:
  /// `in`: pinned buffers of the first device, where it has such, else plain ones.
  explicit backend(const ggml::buffer_type& in = cpu::buffers) : buffers_(in) {}

  [[nodiscard]] bool supports_op(const ggml::tensor&) const override { return true; }
  [[nodiscard]] bool wants_offload(const ggml::tensor&) const override { return false; }
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override { return t.nbytes; }
  [[nodiscard]] ggml::buffer_type buffers() const override { return buffers_; }
  void optimize(std::span<ggml::tensor*>, ggml::tensor*,
                std::vector<ggml::alloc_dep>&) const override {}

 private:
  ggml::buffer_type buffers_;
};

}  // namespace vrambudget::cpu
