// The scratch pool that kernels draw from at the first batches, outside the engine's buffers. Never
// part of an exact term.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "vrambudget/backends/cuda/pool.hpp"
#include "vrambudget/backends/growth.hpp"
#include "vrambudget/backends/hip/mul_mat.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/model/tensor_purpose.hpp"

namespace vrambudget {

namespace detail {

/// Blocks of 144 bytes for 128 values: what quantized matrix products make of their input.
constexpr bytes quantized_rows(std::uint64_t rows, std::uint64_t width) {
  return bytes{(width + 511) / 512 * 512 / 128 * 144} * rows;
}

/// Scratch of one matrix product over a batch, without what depends on the number of multiprocessors.
/// Before Turing a dense quantized matrix is made f32 for cuBLAS.
inline bytes product_scratch(const hparams& hp, const model_tensor& t, std::uint64_t n_tokens,
                             std::uint32_t cc) {
  if (t.ne[1] == 1 && t.ne[2] == 1) return {};
  const bool experts = stacks_experts(t.name);
  const std::uint64_t used =
      *std::max_element(hp.moe.n_expert_used_arr.begin(), hp.moe.n_expert_used_arr.end());
  const std::uint64_t rows =
      n_tokens * (experts ? std::max<std::uint64_t>(1, used) : static_cast<std::uint64_t>(t.ne[2]));
  const auto in = static_cast<std::uint64_t>(t.ne[0]), out = static_cast<std::uint64_t>(t.ne[1]);
  bytes sum = is_quantized(t.type) ? quantized_rows(rows, in) : bytes{2} * (in + out) * rows;
  if (experts) sum += bytes{8} * rows + bytes{4} * (hp.moe.n_expert + std::uint64_t{1});
  if (experts && !is_quantized(t.type)) sum += bytes{4} * (in + out) * rows;
  constexpr std::uint64_t vector_kernel_rows = 8;
  if (cc < 750 && !experts && n_tokens > vector_kernel_rows)
    sum += bytes{4} * in * out * static_cast<std::uint64_t>(t.ne[2]) + bytes{4} * (in + out) * rows;
  return sum;
}

/// Products of quantized matrices as they are.
inline constexpr std::uint32_t any_turing = 800;

/// Scratch of attention over the whole cache.
inline bytes attention_scratch(const hparams& hp, std::uint32_t il, const context_params& cp,
                               std::uint32_t cc, std::uint64_t n_sm) {
  const std::uint64_t head = std::max(hp.n_embd_head_k(il), hp.n_embd_head_v(il)), nt = cp.n_ubatch;
  const std::uint64_t blocks_per_sm = cc < 800 ? 6 : 2;
  if (cp.flash_attn) return bytes{8 * 64} * (2 + head / 2) * (blocks_per_sm * n_sm);
  const bytes k = bytes{4} * head * cp.n_ctx * hp.n_head_kv(il);
  return k + bytes{2} * cp.n_ctx * nt * hp.n_head(il) + bytes{6} * head * nt * hp.n_head(il);
}

/// Scratch of a Mamba-2 scan as products over chunks of 256 tokens: inputs times step, keys and queries
/// with their decays, and the chunk's triangle per head. Short sequences are scanned step by step.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ssm-scan.cu: ssm_scan_ssd_f32_cuda
inline bytes scan_scratch(const hparams& hp, const context_params& cp, std::uint32_t cc) {
  constexpr std::uint64_t chunk = 256, shortest = 129;
  if (cp.n_ubatch < shortest || cp.n_rs_seq > 0 || cc < 750) return {};
  const std::uint64_t n_seqs = std::min<std::uint64_t>(cp.n_seq_max, cp.n_ubatch / shortest),
                      n_head = hp.ssm.dt_rank;
  const std::uint64_t per_token = std::uint64_t{2} * hp.ssm.d_inner +
                                  std::uint64_t{6} * hp.ssm.d_state * n_head +
                                  chunk * (std::uint64_t{4} * hp.ssm.n_group + 2 * n_head);
  return bytes{per_token} * (chunk * n_seqs) + bytes{8} * n_head * cp.n_ubatch + 1_KiB;
}

/// Scratch of the sort that picks the best cells of an index: rows in pieces of 64 MiB, in six copies
/// (keys and values before, after and in between).
///
/// Source: llama.cpp, ggml/src/ggml-cuda/{top-k.cu, argsort.cu}
inline bytes index_scratch(std::uint64_t n_cells, std::uint64_t n_tokens) {
  constexpr std::uint64_t piece = std::uint64_t{1} << 26;
  const std::uint64_t row = 4 * n_cells, rows = std::max<std::uint64_t>(1, piece / row);
  return bytes{6} * row * std::min(rows, n_tokens) + 2_MiB;
}

}  // namespace detail

/// The pool and cuBLAS's workspace on one device; of Vulkan, the buffers that it keeps.
///
/// Formula:  scratch of the operation that draws most, rounded to 2 MiB, plus the workspace, 32 MiB from
///           compute capability 9.0 and 4 MiB before, if any operation needs cuBLAS; or vulkan::prealloc::sum()
/// Accuracy: bound for full micro-batches: other sizes may leave partial tiles that those do not
/// Source:   llama.cpp, ggml/src/ggml-cuda/{ggml-cuda.cu: ggml_cuda_pool_vmm, common.cuh: cublas_handle}
[[nodiscard]] inline bytes pool_bytes(const pool_need& need, std::uint32_t cc) {
  if (need.kept) return need.kept->sum();
  return pad(need.scratch, cuda::pool_granularity) +
         (need.cublas ? cuda::cublas_workspace(cc) : bytes{});
}

/// The same of full micro-batches of one sequence, as a first prompt without others draws it.
[[nodiscard]] inline bytes pool_of_whole_batches(const pool_need& need, std::uint32_t cc) {
  return pad(need.of_whole_batches, cuda::pool_granularity) +
         (need.cublas_of_whole_batches ? cuda::cublas_workspace(cc) : bytes{});
}

/// The same for graphs that are not described: a ceiling from the weights alone.
///
/// Formula:  max over matrix products of (input in the kernel's form) + tiles of stream-k kernels, over
///           attention, scans and the sorting of indices; rounded to 2 MiB; plus the workspace, 32 MiB from compute
///           capability 9.0 and 4 MiB before
/// Accuracy: bound
/// Source:   llama.cpp, ggml/src/ggml-cuda/{mmq.cu, fattn-common.cuh, ssm-scan.cu, common.cuh}
[[nodiscard]] inline bytes pool_ceiling(const model& m, const weights& placed, int backend,
                                        const device& d, const context_params& cp) {
  const std::uint64_t n_sm = d.n_sm ? d.n_sm : 192;
  bytes most, scan;
  for (const placed_weight& w : placed.all)
    if (w.backend == backend) {
      const model_tensor& t = m.tensors[w.tensor];
      const bool head = t.name == "output.weight" || t.name == "token_embd.weight";
      most = std::max(
          most, detail::product_scratch(m.hp, t, head ? cp.n_outputs_max : cp.n_ubatch, d.cc));
      if (t.name.ends_with(".ssm_d") && t.ne[0] == 1) scan = detail::scan_scratch(m.hp, cp, d.cc);
    }
  constexpr std::uint64_t tile = 128 * 128 * 4;
  most += bytes{tile} * n_sm + bytes{18432};
  most = std::max(most, scan);
  for (std::uint32_t il = 0; il < m.hp.n_layer(); ++il)
    if (m.hp.n_head_kv(il) > 0)
      most = std::max(most, detail::attention_scratch(m.hp, il, cp, d.cc, n_sm));
  if (m.hp.indexer.top_k > 0)
    most = std::max(most, detail::index_scratch(cp.n_ctx_seq, cp.n_ubatch));
  return pad(most, (2_MiB).count) + (d.cc >= 900 ? 32_MiB : 4_MiB);
}

/// What a Vulkan context keeps for its kernels, for graphs that are not described: a ceiling from the weights alone.
///
/// Formula:  max over matrix products of the input in halves, in whole tiles of 256 tokens; the largest matrix of
///           floats in halves, over a cache in halves and sums of long rows of scores; two results of the largest
///           tile, or of attention's, for each core
/// Accuracy: bound
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: what calls ggml_vk_preallocate_buffers
[[nodiscard]] inline bytes kept_ceiling(const model& m, const weights& placed, int backend,
                                        const device& d, const context_params& cp) {
  constexpr std::uint64_t tile = 128 * 256, tokens_of_tile = 256, attention_rows = 64;
  const std::uint64_t n_core = d.n_sm ? d.n_sm : 192;
  vulkan::prealloc p;
  for (const placed_weight& w : placed.all) {
    if (w.backend != backend) continue;
    const model_tensor& t = m.tensors[w.tensor];
    if (t.ne[1] == 1 && t.ne[2] == 1) continue;
    const std::uint64_t rows = pad(bytes{cp.n_ubatch}, tokens_of_tile).count *
                               (stacks_experts(t.name) ? m.hp.n_expert_used(0) : 1);
    p.y = std::max(p.y, 2 * static_cast<std::uint64_t>(t.ne[0]) * rows);
    if (!is_quantized(t.type))
      p.x = std::max(p.x, 2 * static_cast<std::uint64_t>(t.ne[0] * t.ne[1] * t.ne[2]));
  }
  std::uint64_t heads = 1, widest = 1, cached = 0;
  for (std::uint32_t il = 0; il < m.hp.n_layer(); ++il) {
    heads = std::max<std::uint64_t>(heads, m.hp.n_head(il));
    widest = std::max<std::uint64_t>(widest, m.hp.n_embd_head_v(il));
    cached = std::max<std::uint64_t>(cached, m.hp.n_embd_k_gqa(il) + m.hp.n_embd_v_gqa(il));
  }
  p.x = std::max(p.x, 2 * cached * cp.n_ctx);
  if (!cp.flash_attn) p.x = std::max(p.x, heads * cp.n_ubatch * (cp.n_ctx / 128 + 4));
  p.split_k = 2 * n_core * std::max(4 * tile, attention_rows * (4 * widest + 8));
  return p.sum();
}

/// The pool of a ROCm context. It keeps pieces as they were asked for (no virtual memory), the largest of each kind.
///
/// Formula:  usual: the largest input of a product in the kernel's form and as much for attention; most: the largest
///           matrix that hipBLAS multiplies, in halves, with its operands besides, and attention's scratch as CUDA's
/// Accuracy: assumed. Of 12 runs of three models over an emulated RDNA 3 card 11 drew at most the most, one without
///           flash attention 3 % beyond; usual is up to three times what one with experts drew, and without flash
///           attention a twentieth
/// Source:   llama.cpp, ggml/src/ggml-cuda/{ggml-cuda.cu: ggml_cuda_pool_leg, mmq.cu: ggml_cuda_should_use_mmq}
[[nodiscard]] inline growth growth_on_hip(const model& m, const weights& placed, int backend,
                                          const device& d, const context_params& cp) {
  bytes input, converted;
  for (const placed_weight& w : placed.all) {
    if (w.backend != backend) continue;
    const model_tensor& t = m.tensors[w.tensor];
    if (t.ne[1] == 1 && t.ne[2] == 1) continue;
    const bool is_head = t.name == "output.weight" || t.name == "token_embd.weight";
    const std::uint64_t n_columns = is_head ? cp.n_outputs_max : cp.n_ubatch;
    const bool is_expert = stacks_experts(t.name);
    const auto in = static_cast<std::uint64_t>(t.ne[0]), out = static_cast<std::uint64_t>(t.ne[1]);
    input = std::max(input, detail::product_scratch(m.hp, t, n_columns, detail::any_turing));
    if (n_columns > 8 && is_quantized(t.type) &&
        !hip::takes_mmq(t.type, is_expert ? m.hp.moe.n_expert : 0, n_columns, d.gfx))
      converted = std::max(converted, bytes{2} * in * out + bytes{2} * (in + out) * n_columns);
  }
  bytes attention;
  for (std::uint32_t il = 0; il < m.hp.n_layer(); ++il)
    if (m.hp.n_head_kv(il) > 0)
      attention = std::max(attention, detail::attention_scratch(m.hp, il, cp, detail::any_turing,
                                                                d.n_sm ? d.n_sm : 96));
  return {input + converted, input + input + converted + attention};
}

}  // namespace vrambudget
