// Whose memory the engine's name of a buffer means.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vrambudget {

/// Whose memory a buffer's name means.
struct buffer_place {
  enum kind_type : std::uint8_t { host, device, unknown } kind = unknown;
  std::string backend;    ///< "CUDA", "ROCm", "Vulkan", "MTL"
  std::size_t index = 0;  ///< of the device among those of its backend
  bool mapped = false;    ///< a range of the file, not a sum of tensors
  bool repacked = false;  ///< weights of the host in the order of a CPU's instructions

  bool operator==(const buffer_place&) const = default;
};

/// "CUDA1" is a device, "CUDA_Host", "CPU_Mapped" and "CPU_REPACK" are host memory, "RPC0" or "Meta" neither.
[[nodiscard]] buffer_place place_of_buffer(std::string_view name);

}  // namespace vrambudget
