// The GPUs we know by name: facts from data/gpus.json, which is part of the library.
// What of a card's memory a plan may use is decided elsewhere.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/machine/desktop.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/machine/operating_system.hpp"
#include "vrambudget/os/this_system.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// One row of the catalogue. data/README.md explains each key.
struct gpu_entry {
  std::string id;    ///< "rtx-4060-ti-16gb", unique
  std::string name;  ///< as the driver spells it; cards that differ only in memory share it
  std::vector<std::string> aliases;  ///< other spellings, each of this row only
  std::string form;                  ///< `class`: desktop, laptop, workstation, datacenter, unified
  bytes memory;                      ///< nominal, powers of two
  std::optional<bytes> nvml_total;   ///< what nvidia-smi calls total
  std::optional<bytes> cuda_total;   ///< what cudaMemGetInfo calls total on Linux, as logs have it
  std::optional<bytes> ecc;          ///< what error correction takes, on as delivered; in no total
  std::uint32_t cc = 0;              ///< compute capability times 100
  std::optional<std::uint32_t> n_sm;  ///< streaming multiprocessors
  std::uint64_t bandwidth_bytes_per_s = 0;
  bool modified = false;  ///< its memory is not what NVIDIA sold the card with
};

/// All rows, sorted by id.
[[nodiscard]] std::span<const gpu_entry> gpus();

/// The row that a person means: an id, an alias or the driver's name, in any case, with or without
/// spaces, punctuation and the words NVIDIA, GeForce, RTX, GTX and Tesla; a memory size may follow
/// ("4060 ti 16gb"). Where cards share a name, the name alone means the row that has it as its alias
/// or id: the variant most in use, or the smaller one where that is not clear. "m4" is Apple's, and no
/// row: NVIDIA's is "tesla m4".
///
/// Errors: not_found  no row is meant; the message gives the three nearest ids, or the variants when
///                    the name alone does not say which; or why not_modelled_yet() (other_gpus.hpp)
[[nodiscard]] result<gpu_entry> find_gpu(std::string_view typed);

/// The row that find_gpu() gives, else all whose id, alias or name has each of the words: "50 laptop".
///
/// Errors: as find_gpu
[[nodiscard]] result<std::vector<gpu_entry>> gpus_named(std::string_view typed);

/// The other rows that differ in memory alone: "NVIDIA GeForce RTX 4060 Ti" has two, and so have names
/// that are the same without the size in them.
[[nodiscard]] std::vector<std::string> other_variants(const gpu_entry& gpu);

/// Which card was taken, where a name does not say which of several sizes is meant that are sold; empty: it
/// says so.
[[nodiscard]] std::string choice_made(std::string_view typed, const gpu_entry& taken);

/// What a card is planned for, besides the model.
struct surroundings {
  operating_system system = this_system();
  std::optional<std::uint32_t> driver = std::nullopt;  ///< its major version
  /// What it draws. Absent: under Windows and WSL2 a card of class desktop or workstation draws a typical
  /// desktop, others draw none.
  std::optional<drawn_on_card> display = std::nullopt;
  /// Under which it is planned. Absent: CUDA for NVIDIA's, Metal for Apple's, Vulkan for others.
  std::optional<backend_kind> backend = std::nullopt;
  /// The machine's main memory, of which GPUs without memory of their own have a part. Absent: unknown.
  std::optional<bytes> ram = std::nullopt;
  /// What a Mac's GPU may use of its memory. Absent: what is usual.
  std::optional<bytes> working_set = std::nullopt;
};

/// What CUDA calls the card's total: on Linux as it was observed, else NVML's less what the driver keeps;
/// under Windows and WSL2 NVML's less 1 MiB.
///
/// Accuracy: fitted, to 20 MiB in the middle; exact where it was observed on such a card
[[nodiscard]] bytes cuda_total_of(const gpu_entry& gpu, const surroundings& around);

/// The row as CUDA's device. What others hold at most is no part of `free`.
[[nodiscard]] device to_device(const gpu_entry& gpu, const surroundings& around = {});

}  // namespace vrambudget
