// What a llama.cpp log says about memory, as it says it. Only what was read is here: absent is absent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/ggml/type.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A size as printed, with what printing took away.
struct log_size {
  double mib = 0;         ///< as printed, MiB
  int decimals = 0;       ///< digits after the point
  bool cut = false;       ///< whole MiB cut off, as tables have them, and not rounded
  std::size_t line = 0;   ///< counted from 1
  std::size_t parts = 1;  ///< lines that were added up

  /// Whether `b` could have been printed so.
  [[nodiscard]] bool prints(bytes b) const;
  /// `b` less what was printed, MiB.
  [[nodiscard]] double difference(bytes b) const {
    return mib_of(b) - mib;
  }
};

/// What a "buffer size" line is about.
enum class log_term : std::uint8_t {
  weights,
  kv_cache,
  recurrent_state,
  compute,
  output,
  adapters  ///< matrices of LoRA adapters
};

/// One line "... CUDA0 KV buffer size = 256.00 MiB".
struct log_buffer {
  log_term term = log_term::weights;
  std::string device;  ///< "CUDA0", "CUDA_Host", "CPU_Mapped", ...
  std::string cache;   ///< "base", "swa", "idx": which of several caches; empty: not said
  log_size size;
};

/// One line "size = 512.00 MiB (8192 cells, 16 layers, 4/1 seqs), K (f16): ..." of a cache.
struct log_cache {
  bool recurrent = false;
  std::string cache;  ///< "base", "swa", "idx"; empty: not said
  log_size size;
  std::optional<std::uint32_t> n_cell, n_layer, n_seq, n_stream, n_rs_seq;
  std::optional<ggml_type> type_k, type_v;  ///< of a recurrent state: R and S
  std::optional<log_size> size_k, size_v;
};

/// A value that was read, and where.
template <class T>
struct logged {
  T value{};
  std::size_t line = 0;
};

/// One loaded file, or what is left of its lines.
struct log_model {
  std::size_t line = 0;
  std::string path, name, architecture, file_type;
  std::map<std::string, std::string, std::less<>> info;  ///< lines of print_info, by their key
  std::vector<std::pair<std::string, std::pair<std::string, std::string>>>
      metadata;  ///< key, type, value as dumped (long arrays are cut short)
  std::vector<std::pair<std::string, std::uint32_t>> type_counts;  ///< "q4_K", tensors
  std::optional<std::uint32_t> n_tensors;
  std::optional<std::uint32_t> offloaded, offloadable;     ///< "offloaded 65/65 layers"
  std::map<std::uint32_t, std::string> layer_devices;      ///< layer, device
  std::vector<std::pair<std::string, std::string>> moved;  ///< tensor, buffer: by -ot and the like
  std::vector<log_buffer> buffers;

  /// A whole number of print_info; the first one of a list.
  [[nodiscard]] std::optional<std::uint64_t> number(std::string_view key) const;
  [[nodiscard]] bool empty() const {
    return architecture.empty() && info.empty() && metadata.empty() && buffers.empty() &&
           !offloaded && path.empty();
  }
};

/// Counts for a prompt and for one token.
using log_pair = std::pair<std::uint32_t, std::uint32_t>;

/// One context: its parameters, caches and compute buffers.
struct log_context {
  std::size_t line = 0;
  std::size_t model = 0;  ///< index in parsed_log::models
  std::optional<std::uint32_t> n_ctx, n_ctx_seq, n_batch, n_ubatch, n_seq_max, n_rs_seq,
      n_outputs_max;
  std::optional<bool> kv_unified, causal_attn;
  std::string flash_attn;  ///< as printed: "auto", "1", "enabled"
  std::optional<bool> flash_attn_used;
  std::vector<log_buffer> buffers;
  std::vector<log_cache> caches;
  std::optional<logged<log_pair>> graph_nodes, graph_splits;
  std::optional<std::uint32_t> sched_copies;
};

/// A GPU the log names.
struct log_device {
  std::string id;    ///< "CUDA0"
  std::string name;  ///< as the driver spells it
  std::uint32_t cc = 0;
  bool maps_pool = true;  ///< off: "VMM: no"
  std::optional<bytes> total, free;
  bool used = false;  ///< "using device"
  std::optional<bool> unified, has_fp16;  ///< of Vulkan's: "uma", "fp16"
};

/// A row of the table of memory, whole MiB.
struct log_table_row {
  std::string device;  ///< "CUDA0", "Host"
  std::size_t line = 0;
  std::optional<std::int64_t> total, free, unaccounted;
  std::int64_t self = 0, model = 0, context = 0, compute = 0;
};

/// A buffer that a device refused.
struct log_refusal {
  log_term term = log_term::weights;
  std::string device;       ///< "CUDA0"
  log_size size;            ///< to the byte where the log has it so
  std::size_t context = 0;  ///< index in parsed_log::contexts; of weights that of the first to come
  bool retried = false;     ///< the engine went on with buffers for unpipelined work
};

/// How a build says whether K and V are rotated before they are stored.
enum class rotation_line : std::uint8_t {
  none,
  flag,   ///< "attn_rot_k = 1"
  width,  ///< "n_rot_k = 64", by those with the rule `states_tell_rotation`
};

/// A whole log.
struct parsed_log {
  std::size_t n_lines = 0;
  std::size_t n_known = 0;     ///< lines that say something about a model, a context or a GPU
  std::size_t n_left_out = 0;  ///< known lines beyond what is kept
  bool ended_inside_line = false;
  std::string build, commit;      ///< "9849", "1a2b3c4d"
  std::string date;               ///< first date of a time stamp, "2026-09-14"
  std::string program;            ///< "ollama", "koboldcpp" where the log shows it
  std::string cpu;                ///< variant of the CPU's library that was loaded, "haswell"
  std::vector<std::string> args;  ///< of the command line, if the log has it
  std::vector<log_device> devices;
  std::vector<log_model> models;
  std::vector<log_context> contexts;
  std::vector<log_table_row> table;  ///< of the last table
  std::vector<log_refusal> refused;  ///< in order
  rotation_line rotation = rotation_line::none;
  bool has_ctx_per_seq = false;  ///< "n_ctx_per_seq", which is "n_ctx_seq" from November 2025 on
  std::vector<log_buffer> projector;  ///< buffers of an image or audio encoder
};

}  // namespace vrambudget
