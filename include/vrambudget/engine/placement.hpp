// Which device computes which layer. The numbers come from memory/place_layers.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/ggml/buffer_type.hpp"

namespace vrambudget {

/// What of a device, or of the host, decides which tensors lie there, and how.
struct backend_memory {
  ggml::buffer_type buffers = {};
  backend_kind backend = backend_kind::cuda;
  std::uint64_t largest_tensor = 0;  ///< that a kernel can read, bytes; 0: any

  friend bool operator==(const backend_memory&, const backend_memory&) = default;
};

/// Where the layers of a model are. Backends are numbered: device i is i, the host comes last. With
/// `-sm tensor` all cards together are device 0.
class placement {
 public:
  placement() = default;
  /// `memories`: of each backend. `layers`: the backend of each repeating layer. `full`: every layer and the
  /// output are on devices.
  placement(std::vector<backend_memory> memories, std::vector<int> layers, int output, bool full,
            split_mode mode)
      : memories_(std::move(memories)),
        n_devices_(static_cast<std::uint32_t>(memories_.size()) - 1),
        layers_(std::move(layers)),
        output_(output),
        full_(full),
        mode_(mode) {}

  [[nodiscard]] int layer_backend(std::uint32_t il) const {
    return il < layers_.size() ? layers_[il] : host();
  }
  [[nodiscard]] int output_backend() const { return output_; }
  [[nodiscard]] int host() const { return static_cast<int>(n_devices_); }
  [[nodiscard]] std::uint32_t n_devices() const { return n_devices_; }
  /// How weights lie in the memory of a backend: on the host in what the first device can read.
  [[nodiscard]] const ggml::buffer_type& buffers(int backend) const {
    return memory(backend).buffers;
  }
  [[nodiscard]] const backend_memory& memory(int backend) const {
    return memories_[static_cast<std::size_t>(backend)];
  }
  /// The largest tensor that every device can read, bytes; 0: any.
  [[nodiscard]] std::uint64_t largest_tensor() const {
    std::uint64_t least = 0;
    for (std::uint32_t i = 0; i < n_devices_; ++i)
      if (const std::uint64_t n = memory(static_cast<int>(i)).largest_tensor; n > 0)
        least = least > 0 ? std::min(least, n) : n;
    return least;
  }
  /// As buffers(), of caches, which on the host lie in plain memory.
  [[nodiscard]] ggml::buffer_type cache_buffers(int backend) const {
    return backend == host() ? ggml::buffer_type{} : buffers(backend);
  }
  [[nodiscard]] std::uint32_t n_layer() const { return static_cast<std::uint32_t>(layers_.size()); }
  /// True if `-ngl` covers all layers and the output: the engine then pins norms to their layers.
  [[nodiscard]] bool full_offload() const { return full_; }
  [[nodiscard]] split_mode mode() const { return mode_; }
  /// The backend that card `i` is or is a part of.
  [[nodiscard]] int backend_of(std::size_t card) const {
    return mode_ == split_mode::tensor ? 0 : static_cast<int>(card);
  }
  /// Layers on devices; the output counts as one.
  [[nodiscard]] std::uint32_t n_offloaded() const {
    std::uint32_t n = output_ != host();
    for (const int b : layers_) n += b != host();
    return n;
  }

  friend bool operator==(const placement&, const placement&) = default;

 private:
  std::vector<backend_memory> memories_ = {{}};
  std::uint32_t n_devices_ = 0;
  std::vector<int> layers_;
  int output_ = 0;
  bool full_ = false;
  split_mode mode_ = split_mode::layer;
};

}  // namespace vrambudget
