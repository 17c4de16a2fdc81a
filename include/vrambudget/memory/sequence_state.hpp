// What a sequence's memory weighs as a copy on the host: a saved prompt, a checkpoint.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/rules.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/model/hparams.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

namespace detail {

/// Cells of a sequence of `n_tokens` that a cache hands over: of a window those that the next token sees.
/// Source: llama.cpp, src/llama-kv-cache.cpp: state_write; src/llama-hparams.h: is_masked_swa
[[nodiscard]] inline std::uint64_t cells_of(const kv_cache& c, const swa_hparams& swa,
                                            std::uint64_t n_tokens) {
  if (c.kind == cache_kind::csa) return n_tokens / 4;
  if (c.kind == cache_kind::hca) return n_tokens / 128;
  if (c.kind != cache_kind::swa || swa.n == 0 || n_tokens == 0) return n_tokens;
  switch (swa.type) {
    case swa_type::standard:
      return std::min<std::uint64_t>(n_tokens, swa.n);
    case swa_type::chunked:
      return (n_tokens - 1) % swa.n + 1;
    case swa_type::symmetric:
      return std::min<std::uint64_t>(n_tokens, swa.n / 2 + 1);
    case swa_type::none:
      break;
  }
  return n_tokens;
}

[[nodiscard]] inline bytes state_of(const kv_cache& c, const hparams& hp, const engine_rules& rules,
                                    std::uint64_t n_tokens) {
  if (c.borrowed) return {};
  // of a cell: its position, how many sequences hold it, which; M-RoPE adds the other positions
  bytes cell{hp.n_pos_per_embd() > 1 ? 24u : 12u};
  bytes head{4 + 4 * std::uint64_t{c.n_stream} + 4 +
             4};  // streams, cells of each, V's order, layers
  if (rules.states_tell_rotation) head += bytes{4 + 4};  // widths of the rotations of K and V
  for (const kv_layer& l : c.layers) {
    const bytes of_a_half{4 + 8};  // type and size of a row
    head += of_a_half;
    cell += row_size(c.type_k, l.k_width);
    if (l.v_width == 0) continue;
    head += of_a_half;
    cell += row_size(c.type_v, l.v_width);
  }
  return head + cell * cells_of(c, hp.swa, n_tokens);
}

/// One cell, whatever is kept back for rollback.
/// Source: llama.cpp, src/llama-memory-recurrent.cpp: state_write
[[nodiscard]] inline bytes state_of(const recurrent_state& s) {
  bytes sum{4 + 8 + 4 + 4};  // cells, the cell's position and sequences, S's order, layers
  for (const recurrent_layer& l : s.layers) {
    sum += bytes{2 * (4 + 8)};  // types and sizes of the rows of R and S
    for (const std::uint64_t width : {l.n_embd_r, l.n_embd_s, l.n_embd_ple})
      sum += row_size(ggml_type::f32, width);
  }
  return sum;
}

/// What can't drop its last tokens: windows, recurrent states, states that feed compressed caches.
[[nodiscard]] inline bytes state_of_the_rest(const memory_layout& m, const hparams& hp,
                                             const engine_rules& rules, std::uint64_t n_tokens) {
  bytes sum;
  for (const kv_cache& c : m.caches)
    if (c.kind == cache_kind::swa) sum += state_of(c, hp, rules, n_tokens);
  if (m.recurrent) sum += state_of(*m.recurrent);
  for (const compressor_state& s : m.compressors) {
    const std::uint64_t n_stream = m.caches.empty() ? 1 : m.caches.front().n_stream;
    sum += 2 * row_size(ggml_type::f32, s.width) * (s.n_rows / n_stream) * s.layers.size();
  }
  return sum;
}

}  // namespace detail

/// A sequence of `n_tokens` as the server's prompt cache keeps it.
///
/// Formula:  8 + per cache: 12 + 4 * n_stream + 12 * (layers with K + layers with V)
///           + 8 if the engine's states tell how K and V were rotated
///           + cells * (12, 24 with M-RoPE, + rows of K and V)
///           + recurrent: 20 + per layer: 24 + 4 * (n_embd_r + n_embd_s)
/// Units:    cells: `n_tokens`; of a sliding window at most its size, however large its cache
/// Accuracy: exact for a plain cache, a plain one beside a window, and recurrent states with either;
///           assumed for index, latent-index and compressed caches, of which none was recorded
/// Source:   llama.cpp, src/llama-context.cpp: state_seq_get_size; state_write of each kind of memory
[[nodiscard]] inline bytes sequence_state_bytes(const memory_layout& m, const hparams& hp,
                                                const engine_rules& rules, std::uint64_t n_tokens) {
  bytes sum = bytes{8} + detail::state_of_the_rest(m, hp, rules, n_tokens);
  for (const kv_cache& c : m.caches)
    if (c.kind != cache_kind::swa) sum += detail::state_of(c, hp, rules, n_tokens);
  return sum;
}

/// Whether the engine must copy a sequence's memory to return to an earlier token: it can't drop any tail.
[[nodiscard]] inline bool needs_checkpoints(const memory_layout& m, const hparams& hp,
                                            bool swa_full) {
  const auto is_window = [](const kv_cache& c) {
    return c.kind == cache_kind::swa && !c.layers.empty();
  };
  const bool has_window = std::any_of(m.caches.begin(), m.caches.end(), is_window);
  return (m.recurrent && !m.recurrent->layers.empty()) || !m.compressors.empty() ||
         (has_window && hp.swa.type != swa_type::none && !swa_full);
}

/// One checkpoint of such a sequence: windows and states alone. Of memory without either, all of it.
///
/// Accuracy: as sequence_state_bytes()
/// Source:   llama.cpp, src/llama-kv-cache-iswa.cpp, src/llama-memory-hybrid.cpp: state_write with
///           LLAMA_STATE_SEQ_FLAGS_PARTIAL_ONLY
[[nodiscard]] inline bytes checkpoint_bytes(const memory_layout& m, const hparams& hp,
                                            const engine_rules& rules, std::uint64_t n_tokens) {
  const bytes rest = detail::state_of_the_rest(m, hp, rules, n_tokens);
  return rest.count > 0 ? bytes{8} + rest : sequence_state_bytes(m, hp, rules, n_tokens);
}

}  // namespace vrambudget
