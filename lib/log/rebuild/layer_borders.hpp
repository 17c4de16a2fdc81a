// How layers are split between devices, from what each device's caches and states take.
#pragma once

#include <cstddef>
#include <vector>

#include "printed_size.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// What one layer keeps between batches.
struct layer_bytes {
  bytes kv, states;
};

/// What each layer keeps, on a device.
[[nodiscard]] std::vector<layer_bytes> bytes_of_layers(const model& m, const context_params& c);

/// Finds the borders between devices, and the host's layers before them.
class border_search {
 public:
  /// A kind of which no device is named says nothing.
  border_search(std::vector<layer_bytes> layers, printed_sizes kv, printed_sizes states);

  /// Each answer: the first layer on a device, which is `start`, then the end of each device's layers.
  [[nodiscard]] std::vector<std::vector<std::size_t>> from(std::size_t start);

 private:
  void extend(std::vector<std::size_t>& ends);

  std::vector<layer_bytes> layers_;
  printed_sizes kv_, states_;
  std::vector<std::vector<std::size_t>> found_;
  std::size_t steps_ = 0;
};

}  // namespace vrambudget
