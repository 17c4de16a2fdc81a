// How a run's terms lie in the host's memory, and what a server adds to them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/run.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/sequence_state.hpp"
#include "vrambudget/plan/budget.hpp"
#include "vrambudget/plan/planned_context.hpp"

namespace vrambudget::detail {

/// Whether files can be mapped where these devices are: with integrated ones of Vulkan and ROCm the engine reads them.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_backend_vk_device_get_props
[[nodiscard]] inline bool maps_files(const std::vector<device>& devices) {
  return std::none_of(devices.begin(), devices.end(), [](const device& d) {
    return d.unified && (d.backend == backend_kind::vulkan || d.backend == backend_kind::hip);
  });
}

/// How a term of the host lies there. The engine takes its host buffers from the driver of a GPU that has such,
/// which pins them; caches, and what a CPU lays out anew, are plain memory.
/// Source: llama.cpp, src/llama-model-loader.cpp: load_all_data; src/llama-model.cpp: load_tensors;
///         tools/mtmd/clip.cpp: load_tensors
[[nodiscard]] inline residence residence_of(term_kind k, const run& r,
                                            const std::vector<device>& devices) {
  const bool pins = !devices.empty() && has_host_buffers(devices.front().backend);
  const residence buffer = pins ? residence::pinned : residence::anonymous;
  const residence loaded = r.no_host ? residence::anonymous : buffer;
  const bool mmap = r.mmap && maps_files(devices);
  switch (k) {
    case term_kind::weights:
    case term_kind::draft_weights:
      return !mmap ? loaded : r.mlock ? residence::locked : residence::mapped;
    case term_kind::compute_buffer:
    case term_kind::output_buffer:
    case term_kind::draft_compute_buffer:
    case term_kind::draft_output_buffer:
    case term_kind::all_reduce:
    case term_kind::adapter_growth:
      return buffer;
    case term_kind::adapters:  // in a buffer of the kind that their tensors are in, never mapped
      return mmap ? residence::anonymous : loaded;
    default:
      return residence::anonymous;
  }
}

/// Vocabulary, graphs' arenas, HTTP: read off the resident size of servers, 0.1 to 0.5 GB.
inline constexpr bytes mb{1'000'000};
inline const measured_range server_process = {
    100 * mb, 300 * mb, 500 * mb, basis::assumed,
    "vocabulary, graphs and connections of a server; most for vocabularies of 250,000 tokens"};

/// Kinds of memory whose states were recorded.
[[nodiscard]] inline bool has_known_state(const planned_context& c) {
  const hparams& hp = c.m().hp;
  const bool has_window = hp.swa.type != swa_type::none;
  switch (c.m().traits->memory) {
    case memory_kind::nothing:
    case memory_kind::recurrent:
      return c.claims().caches;
    case memory_kind::attention:
      return c.claims().caches && (!has_window || hp.swa.type == swa_type::standard);
    case memory_kind::hybrid:
      return c.claims().caches && !has_window;
    default:
      return false;
  }
}

/// What a slot of the main context weighs when it is saved, and its checkpoints.
/// Source: llama.cpp, tools/server/server-context.cpp, server-task.cpp: server_prompt_cache
inline void add_slot_states(const planned_context& c, const run& r, host_budget& h) {
  if (c.context.embeddings || !c.context.causal_attn) return;  // these make no completions
  const bytes full = sequence_state_bytes(c.layout, c.m().hp, c.context.rules, c.context.n_ctx_seq);
  if (r.cache_ram != 0) {
    h.prompts.emplace();
    h.prompts->full_slot = full;
    if (r.cache_ram > 0) h.prompts->limit = 1_MiB * static_cast<std::uint64_t>(r.cache_ram);
  }
  if (r.ctx_checkpoints > 0 && needs_checkpoints(c.layout, c.m().hp, c.context.swa_full))
    h.checkpoints = {checkpoint_bytes(c.layout, c.m().hp, c.context.rules, c.context.n_ctx_seq),
                     r.ctx_checkpoints, c.context.n_seq_max};
  if (!has_known_state(c)) h.state_basis = basis::assumed;
}

/// A draft's state is saved with its target's. Nothing of it was recorded.
inline void add_draft_states(const planned_context& c, host_budget& h) {
  const std::uint64_t n_tokens = c.context.n_ctx_seq;
  if (h.prompts)
    h.prompts->full_slot += sequence_state_bytes(c.layout, c.m().hp, c.context.rules, n_tokens);
  if (h.checkpoints)
    h.checkpoints->each += checkpoint_bytes(c.layout, c.m().hp, c.context.rules, n_tokens);
  if (h.prompts || h.checkpoints) h.state_basis = basis::assumed;
}

/// Of a device that shares the host's memory what the host needs is not there for it.
inline void share_memory(budget& b) {
  for (device_budget& d : b.devices) {
    if (!d.gpu.unified) continue;
    // what the device maps of the host's weights is the same memory
    const bytes twice = std::min(d.of(term_kind::mapped_rest), b.host.mapped());
    d.held_by_host = d.gpu.taken_by_host(d.usable, saturating_sub(b.host.needed(), twice));
    d.usable = saturating_sub(d.usable, d.held_by_host);
    return;
  }
}

/// What a reader should know of it.
inline void add_host_notes(budget& b) {
  const host_budget& h = b.host;
  if (h.prompts && !h.prompts->saves_full_slot())
    b.notes.push_back({.kind = note_kind::prompt_not_saved,
                       .about = std::string(traits(b.context.type_k).name),
                       .n = b.context.n_ctx_seq,
                       .size = h.prompts->full_slot});
  if (h.outgrows())
    b.notes.push_back({.kind = note_kind::host_outgrown, .size = h.grows_to().value_or(bytes{})});
}

}  // namespace vrambudget::detail
