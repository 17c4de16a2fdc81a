// What the host must hold: the engine's buffers there by how they lie, the server's own part, and what comes
// with use.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/cpu_variant.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/plan/term.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Saved prompts of other conversations, `--cache-ram`. The oldest go when it is full.
struct prompt_cache {
  std::optional<bytes> limit = {};  ///< absent: it grows without end
  bytes full_slot =
      {};  ///< a slot with all its context, once saved: the model's state and its draft's

  /// Whether a slot with all its context is saved; one that is larger than the whole cache never is.
  [[nodiscard]] bool saves_full_slot() const { return !limit || full_slot <= *limit; }
};

/// States that a slot can return to, where its memory can't drop its last tokens, `--ctx-checkpoints`.
struct context_checkpoints {
  bytes each = {};  ///< of a slot with all its context
  std::uint32_t per_slot = 0, n_slots = 0;

  [[nodiscard]] bytes all() const { return each * per_slot * n_slots; }
};

/// How many checkpoints a request makes: at its last message, and twice near the prompt's end.
struct checkpoints_a_request {
  static constexpr std::uint32_t least = 2, most = 3;
};

/// The terms are the engine's buffers.
struct host_budget : term_list {
  std::optional<bytes> ram = {};  ///< what a process may take of it; absent: unknown
  /// The server's own part, no buffer of the engine.
  measured_range process = {};
  std::optional<prompt_cache> prompts = {};
  std::optional<context_checkpoints> checkpoints = {};
  enum basis state_basis = basis::exact;  ///< of a saved slot's and a checkpoint's size
  /// What the engine maps of the file for weights that lie in it, of a model that was read from one.
  std::optional<bytes> mapped_range = {};
  /// For whose instructions weights are repacked; absent: none are.
  std::optional<cpu_variant> repacked_for = {};

  /// Weights that are read from their file again if other memory needs their room.
  [[nodiscard]] bytes mapped() const { return sum_of(true); }
  /// What must stay in memory from the start.
  [[nodiscard]] bytes resident() const { return sum_of(false) + process.high; }
  /// What it takes without reading any weights twice.
  [[nodiscard]] bytes needed() const { return mapped() + resident(); }
  /// resident() after hours of use at most; absent: nothing limits it.
  [[nodiscard]] std::optional<bytes> grows_to() const {
    if (prompts && !prompts->limit) return std::nullopt;
    return resident() + (prompts ? *prompts->limit : bytes{}) +
           (checkpoints ? checkpoints->all() : bytes{});
  }

  /// Whether the process starts and stays: not where more must be resident than there is. Unknown
  /// memory is taken to be enough.
  [[nodiscard]] bool fits() const { return !ram || resident() <= *ram; }
  /// Whether mapped weights do not all stay in what is left, so that tokens wait for the disk.
  [[nodiscard]] bool reads_from_disk() const { return fits() && short_bytes(); }
  /// What is missing for all of needed(); absent: nothing is, as far as it is known.
  [[nodiscard]] std::optional<bytes> short_bytes() const {
    const bytes missing = ram ? saturating_sub(needed(), *ram) : bytes{};
    return missing.count > 0 ? std::optional(missing) : std::nullopt;
  }
  /// What is left of the memory; absent: it is unknown.
  [[nodiscard]] std::optional<bytes> spare() const {
    return ram ? std::optional(saturating_sub(*ram, needed())) : std::nullopt;
  }
  /// Whether use may take more than there is, though all fits at the start.
  [[nodiscard]] bool outgrows() const {
    if (!ram || short_bytes()) return false;
    const std::optional<bytes> later = grows_to();
    return !later || *later + mapped() > *ram;
  }

 private:
  [[nodiscard]] bytes sum_of(bool is_mapped) const {
    bytes sum;
    for (const term& t : terms)
      if ((t.held == residence::mapped) == is_mapped) sum += t.size;
    return sum;
  }
};

}  // namespace vrambudget
