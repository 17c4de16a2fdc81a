// Which of the engine's functions wrote a part of a line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace vrambudget::detail {

/// What a function of the engine speaks about.
enum class log_source : std::uint8_t {
  info,
  loader,
  tensors,
  context,
  cache,
  device,
  projector,
  device_memory,  ///< allocations of a device
  tensor_memory,  ///< of weights and caches
  graph_memory,   ///< of compute buffers

  other
};

[[nodiscard]] log_source source_of(std::string_view function);

/// Where the next known function's name with ':' or ',' behind it begins, and its length; npos: nowhere.
[[nodiscard]] std::size_t next_function(std::string_view s, std::size_t from, std::size_t& length);

}  // namespace vrambudget::detail
