// The CPU backend as the scheduler and the allocator see it: computes everything, in pinned memory.
#pragma once

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/ggml/backend.hpp"

namespace vrambudget::engine {

/// Source: llama.cpp v0.5.0, ggml/src/ggml-cpu/ggml-cpu.cpp, ggml-backend.cpp
class cpu_backend final : public ggml::backend {
 public:
  [[nodiscard]] bool supports_op(const ggml::tensor&) const override { return true; }
  [[nodiscard]] bool wants_offload(const ggml::tensor&) const override { return false; }
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override { return t.nbytes; }
  [[nodiscard]] std::uint64_t alignment() const override { return host_alignment; }
  void add_alloc_deps(std::span<ggml::tensor* const>,
                      std::vector<ggml::alloc_dep>&) const override {}
};

}  // namespace vrambudget::engine
