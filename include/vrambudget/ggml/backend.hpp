// What the scheduler and the allocator ask of a backend. Implementations: one a folder of backends/.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "vrambudget/ggml/buffer_type.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::ggml {

/// Keep `what` allocated until `until` has been computed.
struct alloc_dep {
  tensor* until;
  tensor* what;
};

/// The rules of one backend and its default buffer type.
class backend {
 public:
  virtual ~backend() = default;

  /// Whether the backend can compute `t` with its sources where they are.
  [[nodiscard]] virtual bool supports_op(const tensor& t) const = 0;
  /// Whether it is worth copying a host weight over to compute `t` here.
  [[nodiscard]] virtual bool wants_offload(const tensor& t) const = 0;
  /// Bytes `t` takes in this backend's compute buffer, before alignment.
  [[nodiscard]] virtual std::uint64_t alloc_size(const tensor& t) const = 0;
  /// How tensors lie in this backend's compute buffers.
  [[nodiscard]] virtual buffer_type buffers() const = 0;
  /// Puts nodes of this split in another order, as fused kernels want them, and appends the tensors
  /// that those read later than the graph says, in the order in which their `until` is computed.
  /// `next`: what is computed after the split; null: nothing.
  virtual void optimize(std::span<tensor*> split, tensor* next,
                        std::vector<alloc_dep>& deps) const = 0;
  /// Whether weights and caches have no addresses, as in the engine's projection of a run, from now on. Some orders
  /// depend on it. `same_graph`: what comes is what was ordered last, as it stood before.
  virtual void project(bool /*on*/, bool /*same_graph*/ = false) {}
  /// Whether, since that was said last, any order was not the projection's.
  [[nodiscard]] virtual bool orders_otherwise() const { return false; }
};

}  // namespace vrambudget::ggml
