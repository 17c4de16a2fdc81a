// How a model is to be run: llama-server's parameters, by its names, as a person gives them.
// What the engine makes of them is context.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vrambudget/engine/cpu_variant.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/engine/profiles.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget {

enum class flash_attn : std::uint8_t { automatic, on, off };
enum class split_mode : std::uint8_t { none, layer, row, tensor };
enum class pooling : std::uint8_t { unspecified, none, mean, cls, last, rank };

/// `--spec-type`: where the tokens come from that the model only has to check.
enum class spec_type : std::uint8_t {
  none,
  draft_simple,  ///< a small model
  draft_eagle3,  ///< a head over hidden states of three layers
  draft_mtp,     ///< the model's own NextN layers, or a file of such
  draft_dflash,  ///< a model that drafts a block at once
  draft_dspark,
  ngram_simple,
  ngram_map_k,
  ngram_map_k4v,
  ngram_mod,
  ngram_cache
};

/// `-ot PATTERN=BUFFER`: tensors whose name contains a match of `pattern` (ECMAScript) go to `buffer`.
struct tensor_override {
  /// Experts of a layer, by the engine's own pattern for them.
  /// Source: llama.cpp, common/common.h: LLM_FFN_EXPS_REGEX
  static constexpr std::string_view experts = "ffn_(up|down|gate_up|gate)_(ch|)exps";

  std::string pattern;
  std::string buffer;          ///< "CPU" or "CUDA0", "CUDA1", ...
  bool after_cpu_moe = false;  ///< given after `-cmoe` or `-ncmoe`, which then decide first
  bool after_cpu_ffn = false;  ///< given after `-ncffn`

  friend bool operator==(const tensor_override&, const tensor_override&) = default;
};

/// How a projector is loaded and what images it gets. Whether it uses flash attention is the run's.
struct projector_run {
  bool offload = true;  ///< off: `--no-mmproj-offload`, `--mmproj-device none`
  bool warmup = true;   ///< off: `--no-warmup`: no memory is reserved when loading
  enum flash_attn flash_attn = flash_attn::automatic;  ///< `-fa`
  std::optional<device_id> device = {};                ///< `--mmproj-device`; absent: the first
  std::optional<std::uint32_t> image_min_tokens = {};  ///< `--image-min-tokens`
  std::optional<std::uint32_t> image_max_tokens = {};  ///< `--image-max-tokens`

  friend bool operator==(const projector_run&, const projector_run&) = default;
};

/// Parameters of one llama-server process. Defaults are llama-server's of the pinned engine.
struct run {
  std::uint32_t n_ctx = 0;       ///< `-c`, tokens over all sequences; 0: the training length
  std::uint32_t n_batch = 2048;  ///< `-b`
  std::uint32_t n_ubatch = 512;  ///< `-ub`
  std::uint32_t n_parallel = 0;  ///< `-np`; 0: automatic, four sequences over one unified cache
  std::optional<bool> kv_unified =
      std::nullopt;  ///< `-kvu`, `--no-kv-unified`; absent: only when `-np` is automatic
  enum flash_attn flash_attn = flash_attn::automatic;  ///< `-fa`
  ggml_type type_k = ggml_type::f16;                   ///< `-ctk`
  ggml_type type_v = ggml_type::f16;                   ///< `-ctv`
  std::int32_t n_gpu_layers = -1;                      ///< `-ngl`; negative: all
  enum split_mode split_mode = split_mode::layer;      ///< `-sm`
  std::int32_t main_gpu = 0;                           ///< `-mg`
  std::vector<float> tensor_split = {};                ///< `-ts`; empty: by free memory
  std::vector<tensor_override> overrides = {};         ///< `-ot`, in order; the first match decides
  bool cpu_moe = false;         ///< `-cmoe`: all expert tensors stay on the host
  std::uint32_t n_cpu_moe = 0;  ///< `-ncmoe`: expert tensors of the first N layers
  std::uint32_t n_cpu_ffn = 0;  ///< `-ncffn`: dense FFN tensors of the first N layers
  bool offload_kqv = true;      ///< off: `-nkvo`
  bool op_offload = true;       ///< off: `--no-op-offload`
  bool swa_full = false;        ///< `--swa-full`
  bool embeddings = false;      ///< `--embeddings`
  enum pooling pooling = pooling::unspecified;  ///< `--pooling`
  std::uint32_t n_rs_seq = 0;  ///< recurrent states kept back per sequence for rollback
  std::uint32_t n_outputs_max =
      0;  ///< rows of logits; 0: llama-server's, one per sequence and draft

  // speculative decoding; the draft model itself (`-md`) is given beside the run
  std::vector<spec_type> spec_types = {};   ///< `--spec-type`; empty: what the draft model is for
  std::uint32_t spec_draft_n_max = 3;       ///< `--spec-draft-n-max`, tokens drafted at once
  ggml_type draft_type_k = ggml_type::f16;  ///< `-ctkd`
  ggml_type draft_type_v = ggml_type::f16;  ///< `-ctvd`
  std::int32_t draft_n_gpu_layers = -1;     ///< `-ngld`; negative: all
  std::vector<tensor_override> draft_overrides = {};  ///< `-otd`
  bool draft_cpu_moe = false;                         ///< `-cmoed`
  std::uint32_t draft_n_cpu_moe = 0;                  ///< `-ncmoed`

  /// Off: `--lora-init-without-apply`: adapters, which are a part of the model, are loaded and wait to be
  /// asked for.
  bool lora_apply = true;

  // the host's memory
  bool mmap = true;                    ///< off: `--no-mmap`: weights on the host are copied
  bool mlock = false;                  ///< `--mlock`: mapped weights stay in memory
  bool repack = true;    ///< off: `--no-repack`: the CPU multiplies by weights as the file has them
  bool no_host = false;  ///< `--no-host`: weights of the host lie in no memory that a GPU reads
  std::optional<cpu_variant> cpu = {};  ///< `--cpu`; absent: limits::cpu, or what is usual
  std::int32_t cache_ram = 8192;       ///< `-cram`, MiB for saved prompts; -1: no limit; 0: none
  std::uint32_t ctx_checkpoints = 32;  ///< `-ctxcp`, for each slot
  std::uint32_t checkpoint_min_step = 8192;  ///< `--checkpoint-min-step`, tokens between them

  projector_run mmproj = {};  ///< of the projector (`--mmproj`), which is given beside the run

  engine_profile profile = default_profile;  ///< `--engine`: whose rules hold

  friend bool operator==(const run&, const run&) = default;
};

/// The number of the device that a run uses as its number `i`: without splitting the first one is the main GPU.
[[nodiscard]] inline std::uint32_t index_of(const run& r, std::size_t i) {
  const bool alone = r.split_mode == split_mode::none && r.main_gpu > 0;
  return static_cast<std::uint32_t>(i) + (alone ? static_cast<std::uint32_t>(r.main_gpu) : 0);
}

}  // namespace vrambudget
