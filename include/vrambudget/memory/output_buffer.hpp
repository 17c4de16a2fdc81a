// Host memory for logits and embeddings that callers read after each batch.
#pragma once

#include <cstddef>
#include <cstdint>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/model/hparams.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// Size of a new context's output buffer. It grows if a batch asks for more rows.
///
/// Formula:  4 * n_seq_max * (n_vocab + (embeddings ? n_embd_out : 0)) + 4 * n_read * n_embd * n_batch
/// Units:    f32 rows, one per sequence; of the `n_read` layers that a draft reads, one per token
/// Accuracy: exact for a new context
/// Source:   llama.cpp, src/llama-context.cpp: output_reserve
[[nodiscard]] inline bytes output_buffer_bytes(const hparams& hp, const context_params& cp,
                                               std::size_t n_read = 0) {
  const bool embeddings = cp.embeddings || hp.dec_n_layer > 0;  // encoder and decoder: always kept
  return bytes{4} * (std::uint64_t{hp.n_vocab} + (embeddings ? hp.n_embd_out() : 0)) *
             cp.n_seq_max +
         bytes{4} * n_read * hp.n_embd * cp.n_batch;
}

}  // namespace vrambudget
