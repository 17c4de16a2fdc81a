// Takes a plan's buffers on a device, to see whether the device has them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/gpu/driver_api.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A buffer to take.
struct wanted_buffer {
  std::string name;  ///< for messages: "weights"
  bytes size;
};

/// Free memory of the device as its process sees it around the taking of a buffer.
struct taken_buffer {
  bytes free_before, free_after;

  /// What free memory shrank by; absent where others gave memory back meanwhile.
  [[nodiscard]] std::optional<bytes> size() const {
    if (free_after >= free_before) return std::nullopt;
    return saturating_sub(free_before, free_after);
  }
};

/// What is left free whatever is taken: a desktop on the same device needs room to go on.
inline constexpr bytes allocation_margin = 64_MiB;

/// Takes `buffers` on device `index` one after the other, all at once in the end, writes to every byte
/// of them, and gives all back, on failure as well. `interrupted` is asked between calls of the
/// driver, which must have been initialised.
///
/// Errors: limit  a buffer would leave less than allocation_margin free; it is not tried
///         io     the driver fails or refuses memory, or `interrupted`
[[nodiscard]] result<std::vector<taken_buffer>> take_buffers(
    const driver_api& cuda, int index, std::span<const wanted_buffer> buffers,
    const std::function<bool()>& interrupted);

}  // namespace vrambudget
