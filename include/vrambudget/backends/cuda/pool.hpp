// What an operation draws from a CUDA device's scratch pool.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/backends/cuda/flash_attn_scratch.hpp"
#include "vrambudget/backends/cuda/mul_mat.hpp"
#include "vrambudget/backends/cuda/scratch.hpp"
#include "vrambudget/engine/rules.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget::cuda {

namespace detail {

/// One copy of what is sorted at a time: all rows, or pieces of 64 MiB. Rows of another length, from a
/// cache less full, may fill a piece to the last byte.
/// Source: llama.cpp, ggml/src/ggml-cuda/argsort.cu: argsort_f32_i32_cuda_cub_chunk_nrows
constexpr std::uint64_t sorted_at_once(std::uint64_t n_columns, std::uint64_t n_rows) {
  constexpr std::uint64_t piece = std::uint64_t{1} << 26;
  return std::min(4 * n_columns * n_rows, std::max(piece, 4 * n_columns));
}
/// A sort of long rows: places, keys and keys in order, and two more copies that the sort works in.
/// Source: llama.cpp, ggml/src/ggml-cuda/argsort.cu: argsort_f32_i32_cuda_cub
constexpr void take_sort(scratch& s, std::uint64_t n_columns, std::uint64_t n_rows) {
  constexpr std::uint64_t longest_in_shared_memory = 1024, bookkeeping = 64 << 10;
  if (n_columns <= longest_in_shared_memory) return;
  for (int i = 0; i < 3; ++i) s.take(sorted_at_once(n_columns, n_rows));
  s.take(2 * sorted_at_once(n_columns, n_rows) + bookkeeping);
}

/// A Mamba-2 scan as products over chunks of 256 tokens: steps and their sums, scores of a chunk, inputs
/// times step, keys and queries with their decays, and the chunk's triangle per head. A batch of the same
/// tokens in fewer sequences has longer ones: as many as are long enough for products draw most.
/// Source: llama.cpp, ggml/src/ggml-cuda/ssm-scan.cu: ssm_scan_ssd_f32_cuda, ggml_cuda_op_ssm_scan
inline void take_scan(scratch& s, const ggml::tensor& t, const card& gpu) {
  const ggml::tensor &state = *t.src[0], &x = *t.src[1], &decay = *t.src[3], &b = *t.src[4];
  constexpr std::int64_t shortest = 129, longest = 8192;
  const std::int64_t n_tokens = x.ne[2] * x.ne[3], n_seqs = std::min(x.ne[3], n_tokens / shortest),
                     head = state.ne[1];
  const bool one_state_kept =
      n_elements(t) == n_elements(x) + state.ne[0] * head * x.ne[1] * x.ne[3];
  if (gpu.cc < turing || decay.ne[0] != 1 || n_seqs == 0 || n_tokens / n_seqs > longest ||
      !one_state_kept || head % 8 != 0)
    return;
  s.cublas = true;
  constexpr std::uint64_t chunk = 256;
  const std::uint64_t heads = u64(x.ne[1] * n_seqs), d_state = u64(state.ne[0]);
  s.take(4 * u64(n_tokens * x.ne[1]));
  s.take(4 * u64(n_tokens * x.ne[1]));
  s.take(4 * chunk * chunk * u64(b.ne[1] * n_seqs));
  s.take(2 * chunk * u64(head) * heads);
  s.take(2 * chunk * d_state * heads);
  s.take(4 * chunk * d_state * heads);
  s.take(2 * chunk * chunk * heads);
}

/// A convolution in one operation: the image in halves with its edges, and parts of sums that are added up
/// later. Padding is what the sizes tell: none where the stride is more than 1.
/// Source: llama.cpp, ggml/src/ggml-cuda/conv2d.cu: ggml_cuda_op_conv2d
inline void take_conv_2d(scratch& s, const ggml::tensor& t, const card& gpu) {
  const ggml::tensor &kernel = *t.src[0], &image = *t.src[1];
  constexpr std::uint32_t pascal = 600, no_fast_halves = 610;
  const std::int64_t area = t.ne[0] * t.ne[1], window = kernel.ne[0] * kernel.ne[1],
                     summed = window * image.ne[2];
  const bool fast_halves = gpu.cc >= pascal && gpu.cc != no_fast_halves;
  const bool by_point = window == 1 && t.ne[0] == image.ne[0] && t.ne[1] == image.ne[1];
  const bool by_cublas = by_point && fast_halves, short_sums = summed < 64 && area < 512;
  if (kernel.type != ggml_type::f16 || !(by_cublas || (gpu.cc >= turing && !short_sums))) return;
  const auto padded = [&](std::size_t d) {
    return u64(std::max(image.ne[d], t.ne[d] + kernel.ne[d] - 1));
  };
  s.take(2 * padded(0) * padded(1) * u64(image.ne[2] * image.ne[3]));
  s.cublas = by_cublas;
  if (by_cublas) return;
  constexpr std::uint64_t tile = 64, most_parts = 32, waves = 8;
  const std::uint64_t blocks =
      ceil_div(u64(area), tile) * ceil_div(u64(t.ne[2]), tile) * u64(t.ne[3]);
  const std::uint64_t parts =
      std::min({most_parts, ceil_div(u64(summed), tile),
                std::max<std::uint64_t>(1, ceil_div(waves * gpu.n_sm, blocks))});
  if (parts > 1) s.take(4 * parts * u64(n_elements(t)));
}

using scratch_rule = scratch (*)(const ggml::tensor&, const card&, const engine_rules&);

/// What an operation draws by; null: it draws nothing.
[[nodiscard]] constexpr scratch_rule scratch_rule_of(ggml::op o) {
  using ggml::op;
  switch (o) {
    case op::mul_mat:
      return [](const ggml::tensor& t, const card& gpu, const engine_rules& r) {
        return mul_mat_scratch(t, gpu, r);
      };
    case op::mul_mat_id:
      return [](const ggml::tensor& t, const card& gpu, const engine_rules& r) {
        return mul_mat_id_scratch(t, gpu, r);
      };
    case op::flash_attn_ext:
      return [](const ggml::tensor& t, const card& gpu, const engine_rules& r) {
        scratch s = flash_attn_scratch(t, gpu);
        if (r.flash_attn_copies_in_pool) {
          const flash_attn_copies copies = copies_for_flash_attn(t, choose_flash_attn_kernel(t, gpu.cc));
          s.take(copies.k);
          s.take(copies.v);
        }
        return s;
      };
    case op::conv_2d:
      return [](const ggml::tensor& t, const card& gpu, const engine_rules&) {
        scratch s;
        take_conv_2d(s, t, gpu);
        return s;
      };
    case op::ssm_scan:
      return [](const ggml::tensor& t, const card& gpu, const engine_rules&) {
        scratch s;
        take_scan(s, t, gpu);
        return s;
      };
    case op::argsort:
      return [](const ggml::tensor& t, const card&, const engine_rules&) {
        scratch s;
        take_sort(s, u64(t.src[0]->ne[0]), u64(n_rows(*t.src[0])));
        return s;
      };
    case op::top_k:
      return [](const ggml::tensor& t, const card&, const engine_rules&) {
        const std::uint64_t columns = u64(t.src[0]->ne[0]), rows = u64(n_rows(*t.src[0]));
        scratch s;
        s.take(sorted_at_once(columns, rows));
        take_sort(s, columns, rows);
        return s;
      };
    default:
      return nullptr;
  }
}

}  // namespace detail

/// Whether pool_scratch may be more than nothing.
[[nodiscard]] constexpr bool draws_scratch(ggml::op o) {
  return detail::scratch_rule_of(o) != nullptr;
}

/// Scratch that the node `t` draws on `card`.
///
/// Accuracy: exact, but for what sorts keep in between
/// Source:   llama.cpp, ggml/src/ggml-cuda: what takes from ctx.pool()
[[nodiscard]] inline scratch pool_scratch(const ggml::tensor& t, const card& gpu,
                                          const engine_rules& r = {}) {
  const detail::scratch_rule rule = detail::scratch_rule_of(t.op);
  return rule ? rule(t, gpu, r) : scratch{};
}

/// What cuBLAS keeps from its first call on.
/// Source: llama.cpp, ggml/src/ggml-cuda/common.cuh: cublas_handle
[[nodiscard]] constexpr bytes cublas_workspace(std::uint32_t cc) {
  return cc >= 900 ? 32_MiB : 4_MiB;
}

}  // namespace vrambudget::cuda
