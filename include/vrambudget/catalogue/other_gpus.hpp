// GPUs that are no CUDA devices of known rules: AMD's and Intel's, which are planned as Vulkan devices, and Apple's and
// NVIDIA's of compute capabilities that are not modelled, which are known by name. Facts from data/other_gpus.json, which is part of the library.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// One row. data/README.md explains each key.
struct other_gpu {
  std::string id;    ///< "radeon-rx-7900-xtx", unique
  std::string name;  ///< as it is sold; chips that differ in units or memory can share it
  std::string vendor;
  std::vector<std::string> aliases = {};  ///< other spellings, each of this name only
  std::string form;                  ///< as gpu_entry's; unified: the memory is the host's, too
  std::vector<bytes> memory = {};    ///< the sizes it is sold with; none: what the host has
  std::uint64_t bandwidth_bytes_per_s = 0;
  std::optional<std::uint32_t> n_unit = {};  ///< compute units, Xe cores, GPU cores or multiprocessors
  std::string architecture = {};             ///< "gfx1100", "xe2", "metal", "sm_72"
  std::vector<bytes> vulkan_totals = {};     ///< that Vulkan was seen to report
  std::vector<bytes> hip_totals = {};        ///< that ROCm was
  std::optional<bytes> machine = {};  ///< what the only machine that has it has; absent: there are many

  /// Whether find_other_gpu() has it, or find_metal_gpu().
  [[nodiscard]] bool is_planned() const { return is_vulkan() || vendor == "Apple"; }
  [[nodiscard]] bool is_vulkan() const { return vendor == "AMD" || vendor == "Intel"; }
};

/// All rows, sorted by id. They are read when they are asked for first.
[[nodiscard]] std::span<const other_gpu> other_gpus();

/// The rows that a person means by an id, an alias or a name, as find_gpu() compares them, with or without
/// the maker's name and the words Radeon, RX, Instinct, Arc and Graphics; of those the ones with the memory
/// that the name ends with ("m4 max 64gb"), where any has it. Else all that have each of the words: "amd".
[[nodiscard]] std::vector<other_gpu> other_gpus_named(std::string_view typed);

/// A device that a plan can be made for.
struct planned_gpu {
  device d;
  bytes memory;      ///< that it is sold with, or that its machine has
  std::string says;  ///< what of it is assumed, in words
};

/// The device that a name means, if a plan can be made for it: limits as Mesa's drivers report them, under Windows
/// AMD's own. Memory is what its backend was seen to report of such a card, else the nominal size; of several sizes
/// the one that is typed, else the smallest. What has no memory of its own has a part of the machine's: the size that
/// is typed ("780m 32gb"), else `around.ram`, else what such machines have, which is said.
///
/// Errors:   as not_modelled_yet(), for those that none can be made for; not_found  no such name;
///           invalid_argument  a size that it is not sold with, a backend that it does not run under
/// Accuracy: buffers exact where the driver's limits are these; what the driver takes is assumed
[[nodiscard]] result<planned_gpu> find_other_gpu(std::string_view typed,
                                                 const surroundings& around);

/// Why no plan can be made for the GPU, and what can be planned instead; nothing: it is none of these, by
/// its name or by its maker's.
[[nodiscard]] std::optional<error> not_modelled_yet(std::string_view typed);

/// What a name means among all that are known.
struct known_gpus {
  std::vector<gpu_entry> planned;
  std::vector<other_gpu> others;
};

/// The card that find_gpu() gives, or the others that the whole name means; else all of both catalogues that
/// have each of its words.
///
/// Errors: as find_gpu
[[nodiscard]] result<known_gpus> known_gpus_named(std::string_view typed);

}  // namespace vrambudget
