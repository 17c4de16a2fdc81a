// What the engine's behaviour depends on in a GPU. Catalogue facts (price of a name, sources) live
// in catalogue/.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "vrambudget/backends/vulkan/architecture.hpp"
#include "vrambudget/basis.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Which end of what is only known to lie between two ends.
enum class estimate : std::uint8_t { low, expected, high };

/// An amount that was measured, not computed: between `low` and `high`, most often `expected`. Plans
/// count `high`; a verdict asks all three.
struct measured_range {
  bytes low, expected, high;
  enum basis basis = basis::assumed;
  std::string note;  ///< where it comes from

  [[nodiscard]] bytes at(estimate e) const {
    return e == estimate::low ? low : e == estimate::expected ? expected : high;
  }
};

/// What a device of Vulkan or Metal must tell of its memory and of its kernels; 0: what is usual.
struct device_limits {
  std::uint64_t alignment = 0;       ///< minStorageBufferOffsetAlignment, bytes
  std::uint64_t host_alignment = 0;  ///< minMemoryMapAlignment
  std::uint64_t allocation = 0;      ///< maxMemoryAllocationSize
  std::uint64_t buffer = 0;          ///< maxBufferSize, maxBufferLength
  std::uint64_t range = 0;           ///< maxStorageBufferRange
  bool lacks_fp16 = false;           ///< no arithmetic of halves
  bool indexes_64_bits = false;      ///< VK_EXT_shader_64bit_indexing: the range does not count
  vulkan_architecture architecture = vulkan_architecture::unknown;
  bool by_amds_driver = false;  ///< and not Mesa's

  friend auto operator<=>(const device_limits&, const device_limits&) = default;
};

/// One device a model can be placed on.
struct device {
  std::string name;        ///< as the driver spells it, "NVIDIA GeForce RTX 3090"
  std::uint32_t cc = 0;    ///< compute capability times 100: 860 is 8.6
  std::uint32_t n_sm = 0;  ///< streaming multiprocessors, compute units or Xe cores; 0: unknown
  bytes total;             ///< memory as the driver reports it
  bytes free;              ///< free to a process before its context; what a plan may use
  /// What the driver takes for a process: its context, the kernels' code, CUDA graphs.
  measured_range driver_context = {
      33_MiB, 310_MiB, 822_MiB, basis::assumed,
      "no measurement of this device; cards of all generations lie between these"};
  bytes draft_context = 20_MiB;  ///< what a draft adds to it: a context of the engine of its own
  /// What other processes hold, a desktop for example: no part of `free`. Absent: nothing is known.
  std::optional<measured_range> others = {};
  /// What may be in use of it by all before the driver moves memory to the host's, as Windows does.
  /// Absent: what does not fit is refused.
  std::optional<bytes> spills_from = {};
  bool unified = false;  ///< its memory is the host's, too
  /// Of a unified one that may use a part of the machine's memory: all of it. Absent: `total` is all.
  std::optional<bytes> pool = {};
  /// Whether kernels' scratch lies in virtual memory that is mapped as it grows ("VMM: yes"). Off: devices
  /// without it, builds with GGML_CUDA_NO_VMM.
  bool maps_pool = true;
  backend_kind backend = backend_kind::cuda;
  std::uint32_t gfx = 0;  ///< of AMD's under HIP: 0x1100 is gfx1100
  device_limits limits = {};
  /// Of its memory, as specified. Absent: not known here, or the catalogue has it by the name.
  std::optional<std::uint64_t> bandwidth_bytes_per_s = {};
  std::string variant = {};  ///< what tells it from others of its name: "16 GB"; empty: nothing

  /// As people are told of it: "NVIDIA GeForce RTX 4060 Ti 16 GB".
  [[nodiscard]] std::string full_name() const {
    return variant.empty() ? name : name + ' ' + variant;
  }
  /// What is not there of `usable` bytes of a unified device once the host has taken `host`.
  [[nodiscard]] bytes taken_by_host(bytes usable, bytes host) const {
    const bytes beside = pool ? saturating_sub(*pool, usable) : bytes{};
    return std::min(usable, saturating_sub(host, beside));
  }
};

}  // namespace vrambudget
