// A card that is not in the catalogue: by its size, or by its numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/driver_context.hpp"

namespace vrambudget::request {

/// A row as the catalogue would have it, and what was assumed of it.
struct described_gpu {
  gpu_entry gpu;
  resident_threads threads;  ///< what its driver's context depends on
  bool maps_pool = true;     ///< see device
  std::string assumed;       ///< a sentence; empty: nothing was
  /// Limits of a Vulkan driver are told, and of `gpu` its name or its memory: with_told_limits().
  bool of_vulkan = false;
};

/// "24GiB", a card of that size, "name=P106-090,total=3072MiB,cc=6.1,sm=6", `total` as nvidia-smi prints
/// it, vmm=no for one that maps no virtual memory ("VMM: no"), or with limits of a Vulkan driver,
/// "name=7900xtx,range=134217728,align=256", where those that are not named stay as the card of that name has them, if
/// one has it. Nothing for a text of neither form.
///
/// Errors: invalid_argument  a key of no meaning, twice or without a value; a value that no card has; no total
[[nodiscard]] result<std::optional<described_gpu>> describe_gpu(std::string_view typed);

/// `base` with what `typed`, a card described by limits, says otherwise.
///
/// Errors: those of describe_gpu()
[[nodiscard]] result<device_limits> with_told_limits(std::string_view typed, device_limits base);

}  // namespace vrambudget::request
