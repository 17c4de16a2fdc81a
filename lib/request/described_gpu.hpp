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
  std::string assumed;       ///< a sentence; empty: nothing was
};

/// "24GiB", a card of that size, or "name=P106-090,total=3072MiB,cc=6.1,sm=6", `total` as nvidia-smi prints
/// it. Nothing for a text of neither form.
///
/// Errors: invalid_argument  a key of no meaning, twice or without a value; a value that no card has; no total
[[nodiscard]] result<std::optional<described_gpu>> describe_gpu(std::string_view typed);

}  // namespace vrambudget::request
