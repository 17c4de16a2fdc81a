// Compute buffers of a model whose graphs are not described.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// A ceiling for graphs that are not described: for every token of a micro-batch what a layer's
/// branches can keep alive at once, scores or copies of a whole cache, all logits, the states of all
/// sequences, host weights copied over, and four copies of every input if work is pipelined.
[[nodiscard]] inline compute_buffers compute_bound(const model& m, const context_params& cp,
                                                   std::size_t n_devices) {
  const hparams& hp = m.hp;
  const std::uint64_t nt = std::max(cp.n_ubatch, cp.n_seq_max) + cp.n_seq_max;
  std::uint64_t widest = hp.n_embd, heads = 1, kv_width = 1, experts = 1;
  bytes largest;
  for (const model_tensor& t : m.tensors) {
    largest = std::max(largest, t.size);
    if (t.ne[1] > 1 && t.ne[1] < hp.n_vocab)
      widest = std::max(
          {widest, static_cast<std::uint64_t>(t.ne[0]), static_cast<std::uint64_t>(t.ne[1])});
  }
  for (std::uint32_t il = 0; il < hp.n_layer_all; ++il) {
    heads = std::max<std::uint64_t>(heads, hp.n_head(il));
    kv_width = std::max<std::uint64_t>(kv_width, hp.n_embd_k_gqa(il) + hp.n_embd_v_gqa(il));
    experts = std::max<std::uint64_t>(experts, hp.n_expert_used(il));
  }
  const std::uint64_t streams =
      std::max<std::uint64_t>({1, hp.hc.mult, hp.n_embd_per_layer ? hp.n_layer() : 0});
  const std::uint64_t copies = n_devices > 1 && cp.pipeline_parallel ? sched_max_copies : 1;
  const std::uint64_t rows =
      std::max<std::uint64_t>(cp.n_outputs_max, nt * (cp.embeddings ? 1 : 0));
  bytes sum = bytes{4} * nt * (12 * streams * hp.n_embd_inp() + 8 * widest * (1 + experts));
  sum += bytes{4} * cp.n_ctx * nt * 4 * copies;  // masks and indices
  sum += bytes{8} * nt * kv_width * copies;      // places of a transposed V
  sum += bytes{2} * kv_width * cp.n_ctx * 2;     // copies of a quantized cache
  if (!cp.flash_attn || cp.fa_auto) sum += bytes{8} * cp.n_ctx * nt * heads;
  sum += bytes{8} * (std::uint64_t{hp.n_vocab} + hp.n_embd) * std::max<std::uint64_t>(rows, 1);
  sum += bytes{16} * cp.n_seq_max * (hp.n_embd_r() + hp.n_embd_s());
  sum += bytes{4} * hp.n_embd * nt * 4 * copies;
  compute_buffers out;
  out.flash_attn = cp.flash_attn;
  out.device.assign(n_devices, sum + 2 * largest);
  out.at_first = out.device;
  out.host = sum;
  return out;
}

}  // namespace vrambudget
