// What drivers and other processes take of a card, measured on real machines: data/overheads.json,
// which is part of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Measurements of the driver's context on one machine, however many cards and runs they are.
struct measured_rig {
  std::string id, gpu;
  std::uint32_t cc = 0;  ///< compute capability times 100
  operating_system system = operating_system::native_linux;
  std::optional<std::uint32_t> driver;  ///< its major version, 580
  std::uint32_t n_samples = 0;
  bytes low, high;             ///< of the samples
  bool pool_included = false;  ///< what the kernels' pool took could not be told apart
};

/// What a desktop and its programs hold on the card that they are drawn by.
struct measured_desktop {
  operating_system system = operating_system::native_linux;
  bytes low, high;
  std::uint32_t n_samples = 0;
};

[[nodiscard]] std::span<const measured_rig> measured_rigs();
[[nodiscard]] std::span<const measured_desktop> measured_desktops();

/// "Ampere" for 8.0 and 8.6; "" for a compute capability that no card has.
[[nodiscard]] std::string_view gpu_generation(std::uint32_t cc);

/// What the driver takes for a process on a card: from the lowest to the highest sample of the rigs
/// that are most like it. Asked in turn are those of its generation, system and driver; generation
/// and system; generation; system; all. The first group of two rigs or more answers.
///
/// Accuracy: fitted, where generation and system agree; else assumed
[[nodiscard]] measured_range driver_context_of(
    std::uint32_t cc, operating_system, std::optional<std::uint32_t> driver = std::nullopt,
    std::span<const measured_rig> rigs = measured_rigs());

/// What a context grows by in use, as kernels are loaded and graphs kept: the most that any rig
/// showed between its lowest and highest sample, pools told apart.
[[nodiscard]] bytes context_growth();

/// What a desktop takes of the card that draws it.
///
/// Accuracy: assumed
[[nodiscard]] measured_range desktop_of(operating_system);

}  // namespace vrambudget
