// AMD's GPUs as llama.cpp's HIP backend (ROCm) sees them.
#pragma once

#include <optional>

#include "vrambudget/backends/hip/architecture.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/machine/device.hpp"

namespace vrambudget {

/// "gfx1100" -> 0x1100. Nothing: it is none of AMD's.
[[nodiscard]] std::optional<hip::gfx> gfx_of(const other_gpu& gpu);

/// The chip under ROCm, with `memory`, the size that it is sold with or, of one without memory of its own, the
/// machine's; its total is what ROCm was seen to report of such a card, if it was.
///
/// Accuracy: buffers exact by the engine's source, not compared with a card; what the driver takes is assumed
[[nodiscard]] device hip_device(const other_gpu& gpu, bytes memory, const surroundings& around);

}  // namespace vrambudget
