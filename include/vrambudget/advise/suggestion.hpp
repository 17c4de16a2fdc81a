// Changes to a run that make it fit, as data; report/sentences.hpp makes flags and sentences of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "vrambudget/advise/speed.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What is changed, the least harmful first.
enum class change_kind : std::uint8_t {
  swa_full,          ///< layers with a sliding window cache the window only
  tensor_split,      ///< layers are shared otherwise among the GPUs
  cache_types,       ///< K and V in a smaller type
  n_parallel,        ///< one slot
  no_draft_model,    ///< without the model of `-md`
  no_draft,          ///< the model does not draft for itself
  no_pipelining,     ///< GPUs work in turn
  n_ubatch,          ///< a smaller micro-batch
  n_ctx,             ///< a shorter context
  n_cpu_moe,         ///< experts of some layers on the host
  expert_overrides,  ///< the same of the last layers, by a pattern
  n_cpu_ffn,         ///< feed-forward tensors of some layers on the host
  kv_on_host,        ///< the KV cache on the host, which attends to it
  n_gpu_layers,      ///< some layers on the host
  divided_layers     ///< parts of layers on the host or another device, by patterns
};

struct suggestion {
  std::vector<change_kind> changes = {};  ///< in their order, each once
  run changed = {};                       ///< the run with all of them
  std::uint32_t n_on_host = 0;        ///< layers that are moved to the host, whole or parts of them
  std::uint32_t n_before = 0;         ///< slots that there were
  std::uint32_t n_ubatch_before = 0;  ///< `-ub` that there was
  std::uint32_t n_ctx = 0;  ///< of one slot that would be longer than its training; 0: as it was
  bytes spare = {};         ///< on the fullest device afterwards; without one on the host
  bytes host = {};          ///< what the host needs then
  /// How fast it decodes with a slot's context full, where that was asked for and is known.
  std::optional<decode_speed> decodes = {};

  [[nodiscard]] bool has(change_kind k) const {
    return std::find(changes.begin(), changes.end(), k) != changes.end();
  }
};

}  // namespace vrambudget
