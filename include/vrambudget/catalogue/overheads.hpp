// What drivers and other processes take of a card, from readings on real machines: data/overheads.json,
// which is part of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "vrambudget/machine/desktop.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/driver_context.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// "Ampere" for 8.0 and 8.6; "" for a compute capability that no card has.
[[nodiscard]] std::string_view gpu_generation(std::uint32_t cc);

/// The constants of the driver's context.
[[nodiscard]] const driver_context_model& driver_contexts();

/// Threads that a multiprocessor keeps resident; absent for a compute capability that no card has.
[[nodiscard]] std::optional<std::uint32_t> threads_per_sm(std::uint32_t cc);

/// Of a card with `n_sm` multiprocessors; between the least and the most of all cards where it is 0.
[[nodiscard]] resident_threads threads_of(std::uint32_t cc, std::uint32_t n_sm);

/// What the driver takes for a process on a card.
///
/// Accuracy: fitted; assumed where multiprocessors or compute capability (0) are not known
[[nodiscard]] modelled_context driver_context_of(std::uint32_t cc, std::uint32_t n_sm);
[[nodiscard]] modelled_context driver_context_of(resident_threads u);

/// What the driver keeps for itself under Linux: NVML's total less CUDA's.
/// `memory`: nominal; `driver`: its major version, by which it is the larger part where it is not known
///
/// Accuracy: fitted
[[nodiscard]] measured_range reserved_by_driver(std::uint32_t cc, bytes memory,
                                                std::optional<std::uint32_t> driver = std::nullopt);

/// What other processes hold of a card that draws such a desktop, or none.
///
/// Accuracy: assumed
[[nodiscard]] measured_range others_of(operating_system, desktop);

/// What Windows' drivers keep from being allocated at full speed: of NVML's total, in use by all.
[[nodiscard]] bytes spilled_below_total();

}  // namespace vrambudget
