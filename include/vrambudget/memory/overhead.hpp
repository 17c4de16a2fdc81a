// Memory outside the engine's buffers: what the driver takes for a process, and the scratch pool that
// kernels draw from at the first batches. Never part of an exact term.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/device.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"

namespace vrambudget {

/// The CUDA context of one process: driver, kernel code, local memory.
///
/// Units:    compute capability times 100
/// Accuracy: assumed: medians of the live rows of data/overheads.jsonl, by generation of the GPU; a
///           generation without rows takes 250 MiB
/// Source:   data/overheads.jsonl, column unaccounted_mib
[[nodiscard]] constexpr bytes driver_context_bytes(std::uint32_t cc) {
  if (cc >= 1000) return 325_MiB;  // RTX 5090 at load
  if (cc >= 890 && cc < 900) return 450_MiB;  // RTX 4090
  if (cc >= 860 && cc < 890) return 253_MiB;  // RTX 3080 20 GB; RTX A4000 reads 175
  if (cc >= 600 && cc < 700) return 265_MiB;  // Tesla P100
  return 250_MiB;
}

namespace detail {

/// Blocks of 144 bytes for 128 values: what quantized matrix products make of their input.
constexpr bytes quantized_rows(std::uint64_t rows, std::uint64_t width) {
  return bytes{(width + 511) / 512 * 512 / 128 * 144} * rows;
}

/// Scratch of one matrix product over a batch, without what depends on the device.
inline bytes product_scratch(const hparams& hp, const model_tensor& t, std::uint64_t n_tokens) {
  if (t.ne[1] == 1 && t.ne[2] == 1) return {};
  const bool experts = t.ne[2] > 1 && hp.n_expert > 0;
  const std::uint64_t used = experts ? std::max(1u, *std::max_element(hp.n_expert_used_arr.begin(), hp.n_expert_used_arr.end())) : 1;
  const std::uint64_t rows = n_tokens * used, in = static_cast<std::uint64_t>(t.ne[0]), out = static_cast<std::uint64_t>(t.ne[1]);
  bytes sum = is_quantized(t.type) ? quantized_rows(rows, in) : bytes{2} * (in + out) * rows;
  if (experts) sum += bytes{8} * rows + bytes{4} * (hp.n_expert + std::uint64_t{1});
  if (experts && !is_quantized(t.type)) sum += bytes{4} * (in + out) * rows;
  return sum;
}

}  // namespace detail

/// Most that the pool and cuBLAS's workspace take on one device.
///
/// Formula:  max over matrix products of (input in the kernel's form) + tiles of stream-k kernels,
///           or, without flash attention, scores and K in the product's form; rounded to 2 MiB;
///           plus the workspace, 32 MiB from compute capability 9.0 and 4 MiB before
/// Accuracy: bound
/// Source:   llama.cpp v0.5.0, ggml/src/ggml-cuda/{mmq.cu, fattn-common.cuh, common.cuh}
[[nodiscard]] inline bytes pool_bytes(const model& m, const weights& placed, int backend, const device& d,
                                      const context_params& cp) {
  const std::uint64_t nt = cp.n_ubatch, n_sm = d.n_sm ? d.n_sm : 192;
  bytes most;
  for (const placed_weight& w : placed.all)
    if (w.backend == backend) {
      const model_tensor& t = m.tensors[w.tensor];
      const std::uint64_t rows = t.name == "output.weight" || t.name == "token_embd.weight" ? cp.n_outputs_max : nt;
      most = std::max(most, detail::product_scratch(m.hp, t, rows));
    }
  constexpr std::uint64_t tile = 128 * 128 * 4;
  most += bytes{tile} * n_sm + bytes{18432};
  bytes attention;
  for (std::uint32_t il = 0; il < m.hp.n_layer(); ++il) {
    const std::uint64_t head = std::max(m.hp.n_embd_head_k(il), m.hp.n_embd_head_v(il));
    if (m.hp.n_head_kv(il) == 0 || m.hp.is_recr(il)) continue;
    if (cp.flash_attn) {
      attention = std::max(attention, bytes{8 * 64} * (2 + head / 2) * (2 * n_sm));
    } else {
      const bytes k = bytes{4} * head * cp.n_ctx * m.hp.n_head_kv(il);
      const bytes scores = bytes{2} * cp.n_ctx * nt * m.hp.n_head(il);
      attention = std::max(attention, std::max(k + bytes{4} * head * nt * m.hp.n_head(il), scores + k));
    }
  }
  const bytes workspace = d.cc >= 900 ? 32_MiB : 4_MiB;
  return pad(std::max(most, attention), (2_MiB).count) + workspace;
}

}  // namespace vrambudget
