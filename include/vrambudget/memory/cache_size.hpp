// Bytes of KV caches and recurrent states on each backend.
#pragma once

#include <cstdint>

#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/ggml/buffer_type.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Bytes of a cache on one backend, in such buffers.
///
/// Formula:  per layer there: size_of(type_k, k_width, n_cell * n_stream), and the same for V
/// Accuracy: exact
/// Source:   llama.cpp, src/llama-kv-cache.cpp: llama_kv_cache
[[nodiscard]] inline bytes kv_cache_bytes(const kv_cache& c, int backend,
                                          const ggml::buffer_type& in) {
  if (c.borrowed) return {};
  const std::uint64_t rows = std::uint64_t{c.n_cell} * c.n_stream;
  bytes sum;
  for (const kv_layer& l : c.layers) {
    if (l.backend != backend) continue;
    sum += in.size_of(c.type_k, l.k_width, rows);
    if (l.v_width) sum += in.size_of(c.type_v, l.v_width, rows);
  }
  return sum;
}

/// Bytes of recurrent states on one backend.
///
/// Formula:  per layer there: size_of(f32, n_embd_r, n_rows) + size_of(f32, n_embd_s, n_rows)
/// Accuracy: exact
/// Source:   llama.cpp, src/llama-memory-recurrent.cpp: llama_memory_recurrent
[[nodiscard]] inline bytes recurrent_state_bytes(const recurrent_state& s, int backend,
                                                 const ggml::buffer_type& in) {
  bytes sum;
  for (const recurrent_layer& l : s.layers)
    if (l.backend == backend)
      for (const std::uint64_t width : {l.n_embd_r, l.n_embd_s, l.n_embd_ple})
        sum += in.size_of(ggml_type::f32, width, s.n_rows);
  return sum;
}

/// Bytes of the states that feed a compressed cache on one backend.
[[nodiscard]] inline bytes compressor_state_bytes(const compressor_state& s, int backend,
                                                  const ggml::buffer_type& in) {
  bytes sum;
  for (const int b : s.backends)
    if (b == backend) sum += 2 * in.size_of(ggml_type::f32, s.width, s.n_rows);
  return sum;
}

/// All KV caches of a context on one backend, with the states that feed compressed ones.
[[nodiscard]] inline bytes kv_cache_bytes(const memory_layout& m, int backend,
                                          const ggml::buffer_type& in) {
  bytes sum;
  for (const kv_cache& c : m.caches) sum += kv_cache_bytes(c, backend, in);
  for (const compressor_state& s : m.compressors) sum += compressor_state_bytes(s, backend, in);
  return sum;
}

}  // namespace vrambudget
