// Bytes of KV caches and recurrent states on each backend.
#pragma once

#include <cstdint>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/backend.hpp"
#include "vrambudget/engine/cache.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Room of a dense tensor in a buffer, padded: CUDA adds to quantized rows that are no multiple of 512.
///
/// Formula:  host: pad(rows * row_size(type, width), 32);
///           CUDA: pad(rows * row_size(type, width) + cuda::row_padding(type, width), 128)
/// Units:    `width` in elements of the first dimension, `rows` over all others
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-alloc.c: ggml_backend_alloc_ctx_tensors_from_buft
[[nodiscard]] constexpr bytes buffer_size(ggml_type type, std::uint64_t width, std::uint64_t rows,
                                          bool on_device) {
  const bytes data = row_size(type, width) * rows;
  if (!on_device) return pad(data, cpu::alignment);
  return pad(data + cuda::row_padding(type, width), cuda::alignment);
}

/// Bytes of a cache on one backend; `host`: the number of the host's backend.
///
/// Formula:  per layer there: buffer_size(type_k, k_width, n_cell * n_stream), and the same for V
/// Accuracy: exact
/// Source:   llama.cpp, src/llama-kv-cache.cpp: llama_kv_cache
[[nodiscard]] inline bytes kv_cache_bytes(const kv_cache& c, int backend, int host) {
  if (c.borrowed) return {};
  const std::uint64_t rows = std::uint64_t{c.n_cell} * c.n_stream;
  bytes sum;
  for (const kv_layer& l : c.layers) {
    if (l.backend != backend) continue;
    sum += buffer_size(c.type_k, l.k_width, rows, backend != host);
    if (l.v_width) sum += buffer_size(c.type_v, l.v_width, rows, backend != host);
  }
  return sum;
}

/// Bytes of recurrent states on one backend.
///
/// Formula:  per layer there: buffer_size(f32, n_embd_r, n_rows) + buffer_size(f32, n_embd_s, n_rows)
/// Accuracy: exact
/// Source:   llama.cpp, src/llama-memory-recurrent.cpp: llama_memory_recurrent
[[nodiscard]] inline bytes recurrent_state_bytes(const recurrent_state& s, int backend, int host) {
  bytes sum;
  for (const recurrent_layer& l : s.layers)
    if (l.backend == backend)
      for (const std::uint64_t width : {l.n_embd_r, l.n_embd_s, l.n_embd_ple})
        sum += buffer_size(ggml_type::f32, width, s.n_rows, backend != host);
  return sum;
}

/// Bytes of the states that feed a compressed cache on one backend.
[[nodiscard]] inline bytes compressor_state_bytes(const compressor_state& s, int backend,
                                                  int host) {
  bytes sum;
  for (const int b : s.backends)
    if (b == backend) sum += 2 * buffer_size(ggml_type::f32, s.width, s.n_rows, backend != host);
  return sum;
}

/// All KV caches of a context on one backend, with the states that feed compressed ones.
[[nodiscard]] inline bytes kv_cache_bytes(const memory_layout& m, int backend, int host) {
  bytes sum;
  for (const kv_cache& c : m.caches) sum += kv_cache_bytes(c, backend, host);
  for (const compressor_state& s : m.compressors) sum += compressor_state_bytes(s, backend, host);
  return sum;
}

}  // namespace vrambudget
