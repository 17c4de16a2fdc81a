// Apple's chips as llama.cpp's Metal backend sees them: how much of the machine's memory their GPU may use.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What Metal recommends a GPU to use of a Mac's `memory` at most, recommendedMaxWorkingSetSize.
///
/// Formula:  2/3 of it up to 32 GiB, 3/4 above
/// Accuracy: as Macs of 16, 24 and 32 GB print it; assumed of others. Releases of macOS since 15 were seen to allow
///           0.74 of 18 GB and 0.78 of 32 and 36 GB, and iogpu.wired_limit_mb replaces it
[[nodiscard]] constexpr bytes working_set_of(bytes memory) {
  return memory <= 32_GiB ? bytes{memory.count / 3 * 2 + memory.count % 3 * 2 / 3}
                          : bytes{memory.count / 4 * 3};
}

/// The longest buffer, maxBufferLength: three quarters of that.
/// Accuracy: assumed: as reports of Macs of 16 to 256 GB have it
[[nodiscard]] constexpr bytes longest_buffer_of(bytes working_set) {
  return bytes{working_set.count / 4 * 3};
}

/// A chip in a machine with `memory`. `working_set`: what its GPU may use of it; absent: working_set_of().
[[nodiscard]] device metal_device(const other_gpu& gpu, bytes memory,
                                  std::optional<bytes> working_set = std::nullopt);

/// The chip that a name means with the memory that it ends with: "m4 max 64gb", "m4max-64"; without a size the
/// smallest that it is sold with.
///
/// Errors: not_found         no chip of Apple's
///         invalid_argument  memory that it is not sold with; a working set beyond all of it; another backend
[[nodiscard]] result<planned_gpu> find_metal_gpu(std::string_view typed,
                                                 const surroundings& around = {});

}  // namespace vrambudget
