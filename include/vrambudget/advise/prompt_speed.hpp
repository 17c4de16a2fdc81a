// How fast a run reads a prompt: how much is computed for it, how many weights are copied for it, and what devices
// compute in a second.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/basis.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Which of a device's units the engine multiplies with: by the type of the weights.
enum class multiply_unit : std::uint8_t { four_bits, eight_bits, sixteen_bits };
inline constexpr std::size_t n_multiply_units = 3;

/// MXFP4 and NVFP4 have units of four bits on some devices, other quantized weights are multiplied as eight bits.
/// Source: llama.cpp, ggml/src/ggml-cuda/mmq.cu
[[nodiscard]] constexpr multiply_unit unit_of(ggml_type t) {
  if (t == ggml_type::mxfp4 || t == ggml_type::nvfp4) return multiply_unit::four_bits;
  return traits(t).block > 1 ? multiply_unit::eight_bits : multiply_unit::sixteen_bits;
}

/// What is computed for a prompt of one sequence.
struct prompt_work {
  std::uint64_t depth = 0;     ///< tokens in the cache before it
  std::uint64_t n_tokens = 0;  ///< of it
  std::uint32_t n_ubatch = 0;  ///< tokens that are computed at once
  /// Multiplications and additions for all of it, by device and multiply_unit; attention is of sixteen bits.
  std::vector<std::array<std::uint64_t, n_multiply_units>> operations;
  bytes
      copied;  ///< weights on the host that are copied to the first device, once for each micro-batch
  ggml_type most = ggml_type::f32;  ///< the type of most of the weights
  bool has_experts = false;

  /// Of all devices, for one token.
  [[nodiscard]] std::uint64_t operations_per_token() const {
    std::uint64_t sum = 0;
    for (const auto& of_device : operations)
      for (const std::uint64_t n : of_device) sum += n;
    return n_tokens ? sum / n_tokens : 0;
  }
  [[nodiscard]] std::uint64_t n_ubatches() const {
    return n_ubatch ? (n_tokens + n_ubatch - 1) / n_ubatch : 0;
  }
};

/// The work of a prompt. `context`: as in the run's budget.
///
/// Formula:  2 * elements * tokens of each matrix of the layers, experts * used / all;
///           2 * heads * (width of K + width of V) * cells * tokens of each layer that attends, cells: the
///           mean of what is attended to. The output is multiplied once a prompt and left out.
///           copied: matrices on the host, whole, as all experts are used by some token
/// Units:    `depth`, `n_tokens` in tokens
/// Errors:   of decode_traffic_of(); unsupported, too, where an encoder reads prompts, or the host attends, or computes
///           what it holds
/// Accuracy: not more than the engine computes: states of recurrent layers, indices, norms, masked products are
///           left out. Copies: rather more, as experts that no token of a micro-batch uses are not copied
/// Source:   llama.cpp, ggml/src/ggml-backend.cpp: ggml_backend_sched_backend_id_from_cur (what is offloaded),
///           ggml_backend_sched_compute_splits (copies)
[[nodiscard]] result<prompt_work> prompt_work_of(const model& m, const run& r,
                                                 std::span<const device> devices,
                                                 const context_params& context,
                                                 std::uint64_t n_tokens, std::uint64_t depth = 0);

/// What is known of how much a device computes.
struct compute_rate {
  /// Operations a second of dense matrices by multiply_unit, at the highest clock.
  std::array<std::uint64_t, n_multiply_units> operations_per_s = {};
  /// Of what those of sixteen bits would give; absent: no such device was measured.
  std::optional<reached_share> share = {};
};

/// Bytes a second of which host weights were seen to come to a card, counted as if all experts were copied: 9 to 20 GB/s
/// on two machines with Radeon cards and one with 8 GB of an unnamed one, 37 to 43 GB/s beside an RTX 3090.
struct link_rate {
  static constexpr std::uint64_t low_bytes_per_s = 9'000'000'000;
  static constexpr std::uint64_t high_bytes_per_s = 43'000'000'000;
};

/// Tokens of a prompt a second.
struct prompt_speed {
  prompt_work work;
  double most = 0;                              ///< not more than this
  enum basis most_basis = basis::bound;         ///< `assumed` with weights on the host
  std::optional<expected_speed> expected = {};  ///< absent: no such card was measured
  enum basis expected_basis = basis::fitted;    ///< `assumed` with weights on the host
};

/// Formula:  most = tokens / (operations / rates of their units + micro-batches * copied / high link rate), devices one
///           after the other; where they are `pipelined` the slowest one's time counts
///           expected: all operations over what those of sixteen bits give times the share; its middle and low end one
///           device after the other, its high end as for most; copies by the low rate, the geometric mean, the high one
/// Units:    tokens a second. `rates`: of the devices in `w`
/// Accuracy: bound at the highest clock, and fitted; nothing where a device's rate is not known
[[nodiscard]] std::optional<prompt_speed> prompt_speed_of(prompt_work w,
                                                          std::span<const compute_rate> rates,
                                                          bool pipelined = false);

/// How fast a run is.
struct run_speeds {
  std::vector<decode_speed> decode = {};  ///< with an empty cache and a full one; empty: not known
  std::vector<prompt_speed> prompts =
      {};  ///< of one batch, and of one that fills a slot; empty: not known
};

}  // namespace vrambudget
