// The CPU backend as the scheduler and the allocator see it: computes everything, in pinned memory.
#pragma once

#include <cstdint>

#include "vrambudget/ggml/backend.hpp"

namespace vrambudget::cpu {

inline constexpr std::uint64_t alignment = 32;  ///< of its and of pinned buffers, bytes

/// Source: llama.cpp, ggml/src/ggml-cpu/ggml-cpu.cpp, ggml-backend.cpp
class backend final : public ggml::backend {
 public:
  [[nodiscard]] bool supports_op(const ggml::tensor&) const override { return true; }
  [[nodiscard]] bool wants_offload(const ggml::tensor&) const override { return false; }
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override { return t.nbytes; }
  [[nodiscard]] std::uint64_t alignment() const override { return cpu::alignment; }
  void optimize(std::span<ggml::tensor*>, ggml::tensor*,
                std::vector<ggml::alloc_dep>&) const override {}
};

}  // namespace vrambudget::cpu
