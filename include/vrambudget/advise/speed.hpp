// How fast a run decodes: what one token reads of each memory, and what that memory gives in a second. Prompts are
// left out: they are bound by arithmetic, not by what is read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What one token moves in one memory.
struct decode_reads {
  bytes weights;  ///< all of the layers and the output; of experts those that are used
  bytes rows;     ///< of tables that are looked up: token embeddings
  bytes cache;    ///< K and V that are attended to
  bytes states;   ///< recurrent ones, read and written

  [[nodiscard]] bytes all() const { return weights + rows + cache + states; }
  /// Whether anything is computed there.
  [[nodiscard]] bool computes() const { return (weights + cache + states).count > 0; }
};

/// What one token moves, of one sequence, alone and without a draft.
struct decode_traffic {
  std::uint64_t depth = 0;            ///< tokens in the cache
  std::vector<decode_reads> devices;  ///< those that the run uses, in its order
  decode_reads host;
  ggml_type most = ggml_type::f32;  ///< the type of most of the weights that are read
};

/// Bytes of one token at `depth` tokens. `context`: flash attention resolved, as in the budget.
///
/// Formula:  weights: every tensor that is loaded, experts * used / all; of inputs one row; tied embeddings
///           whole, as the output. No draft layers, no encoder.
///           cache: per layer that attends, its own cache or another's: rows * (row of K + row of V), rows =
///           min(depth, window), depth mod window in chunks, what an index chooses, or depth / ratio where
///           cells are compressed
///           states: 2 * 4 * (n_embd_r + n_embd_s + n_embd_ple) per recurrent layer
/// Units:    `depth` in tokens
/// Errors:   unsupported       an unknown architecture; several GPUs that share tensors (-sm row, tensor); a model that has no memory
///                             of tokens, so does not decode
///           invalid_argument  of devices_of(), place_layers() and place_weights()
/// Accuracy: not more than the engine moves: activations, masks, what is written to the cache, and keys of
///           pooled indices are left out
/// Source:   llama.cpp, src/llama-graph.cpp: build_moe_ffn, build_attn; src/llama-model.cpp: load_tensors
[[nodiscard]] result<decode_traffic> decode_traffic_of(const model& m, const run& r,
                                                       std::span<const device> devices,
                                                       const context_params& context,
                                                       std::uint64_t depth);

/// Types of weights by what it costs to unpack them.
enum class weight_class : std::uint8_t { below_4_bits, bits_4_to_6, bits_8, bits_16 };

[[nodiscard]] constexpr std::string_view name(weight_class c) {
  constexpr std::string_view names[] = {"below 4 bits", "4 to 6 bits", "8 bits", "16 bits"};
  return names[static_cast<std::size_t>(c)];
}
/// By whole bits of an element: Q4_K, IQ4_XS and MXFP4 have four, IQ3_S and Q3_K three.
[[nodiscard]] constexpr weight_class weight_class_of(ggml_type t) {
  const std::uint64_t bits = std::uint64_t{8} * traits(t).block_bytes / traits(t).block;
  return bits < 4    ? weight_class::below_4_bits
         : bits < 8  ? weight_class::bits_4_to_6
         : bits < 16 ? weight_class::bits_8
                     : weight_class::bits_16;
}

/// Which part of what its memory gives cards were seen to reach: eight of ten measurements lie between.
struct reached_share {
  double low = 0, median = 0, high = 0;
  std::uint32_t n = 0;  ///< measurements
  std::string of;       ///< which: "Ampere, 4 to 6 bits"
};

/// What is known of a device's memory.
struct device_rate {
  std::optional<std::uint64_t> bandwidth_bytes_per_s = {};
  std::optional<reached_share> share = {};
};

/// Bytes a second that hosts were seen to read with experts of some layers on them: two sweeps over the number of
/// layers have 14.6 and 16 GB/s, runs of gpt-oss-120b beside an RTX 3090 50 GB/s. All are less than what
/// such memories give: small products, copies and waits take their time.
struct host_rate {
  static constexpr std::uint64_t low_bytes_per_s = 15'000'000'000;
  static constexpr std::uint64_t high_bytes_per_s = 50'000'000'000;
};

/// Tokens a second that are expected.
struct expected_speed {
  double low = 0, median = 0, high = 0;
  std::uint32_t n = 0;  ///< measurements behind it: the fewest of any device's
  std::string of;       ///< which, device by device
};

/// Tokens a second of one sequence.
struct decode_speed {
  decode_traffic traffic;
  std::vector<std::uint64_t>
      bandwidth_bytes_per_s;  ///< of each device in `traffic`; 0: it reads nothing
  double most = 0;            ///< not more than this
  /// `bound`; `assumed` where the host computes, too.
  enum basis most_basis = basis::bound;
  std::optional<expected_speed> expected = {};  ///< absent: no such card was measured
  enum basis expected_basis = basis::fitted;  ///< `fitted`; `assumed` where the host computes, too
};

/// Formula:  most = 1 / (sum over devices of bytes / bandwidth + bytes of the host / high rate);
///           expected: each device's time divided by its share, and the host's by its low rate, the
///           geometric mean of both, and its high one
/// Units:    tokens a second. `rates`: of the devices in `t`
/// Accuracy: bound, and fitted; nothing where the bandwidth of a device is not known, or none computes
[[nodiscard]] std::optional<decode_speed> decode_speed_of(decode_traffic t,
                                                          std::span<const device_rate> rates);

}  // namespace vrambudget
