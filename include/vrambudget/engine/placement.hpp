// Which device computes which layer. The numbers come from memory/place_layers.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "vrambudget/engine/run.hpp"

namespace vrambudget {

/// Where the layers of a model are. Backends are numbered: device i is i, the host comes last. With
/// `-sm tensor` all cards together are device 0.
class placement {
 public:
  placement() = default;
  /// `layers`: the backend of each repeating layer. `full`: every layer and the output are on devices.
  placement(std::uint32_t n_devices, std::vector<int> layers, int output, bool full,
            split_mode mode)
      : n_devices_(n_devices),
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
  std::uint32_t n_devices_ = 0;
  std::vector<int> layers_;
  int output_ = 0;
  bool full_ = false;
  split_mode mode_ = split_mode::layer;
};

}  // namespace vrambudget
