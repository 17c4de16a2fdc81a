// What an operation asks of the buffers that a Vulkan context keeps for its kernels.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include "vrambudget/backends/vulkan/chip.hpp"
#include "vrambudget/backends/vulkan/flash_attn.hpp"
#include "vrambudget/backends/vulkan/mul_mat.hpp"
#include "vrambudget/backends/vulkan/prealloc.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::vulkan {

namespace detail {

/// Of sorts within a workgroup: 1024 elements.
inline constexpr std::uint32_t longest_log2 = 10;
constexpr std::uint32_t floor_log2(std::uint64_t n) {
  return static_cast<std::uint32_t>(std::bit_width(n)) - 1;
}
constexpr std::uint32_t ceil_log2(std::uint64_t n) {
  return static_cast<std::uint32_t>(std::bit_width(n - 1));
}

/// Sums and maxima of pieces of long rows.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_soft_max
inline prealloc soft_max(const tensor& a) {
  constexpr std::int64_t longest = 16384;
  if (a.ne[0] <= longest) return {};
  const std::uint64_t sums = 4 * ceil_div(u64(a.ne[0]), 512) * u64(n_rows(a));
  return {sums, sums, 0};
}

/// Places and values of rows that no workgroup sorts alone.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_argsort
inline prealloc argsort(const tensor& a) {
  const std::uint32_t width = ceil_log2(u64(a.ne[0]));
  if (width <= longest_log2) return {};
  return {(std::uint64_t{8} << width) * u64(n_rows(a)), 0, 0};
}

/// The index of cells behind scores that are masked and chosen from in one kernel; null: it is another operation's.
inline const tensor* cells_of_blocks(const tensor& chosen) {
  const tensor* t = chosen.src[0];
  if (!t || t->op != ggml::op::add) return nullptr;
  for (t = t->src[0]; t; t = t->src[0]) {
    if (t->op == ggml::op::get_rows) return t->src[1];
    if (t->op != ggml::op::cont && t->op != ggml::op::permute) return nullptr;
  }
  return nullptr;
}

/// Winners of the first round of a tournament for the best `k` of `n`, twice; more than 1023 are chosen without.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_topk
constexpr prealloc tournament(std::uint64_t n, std::uint64_t k, std::uint64_t rows, const chip& c) {
  const std::uint32_t smallest = std::max(floor_log2(k) + 1, floor_log2(c.traits.subgroup));
  if (smallest > longest_log2) return {};
  constexpr std::uint32_t preferred = 8;
  const std::uint32_t largest = std::min(std::max(preferred, floor_log2(k) + 2), longest_log2);
  std::uint32_t block = std::max(std::min(ceil_log2(n), largest), smallest);
  if (ceil_log2(n) <= longest_log2) block = std::max(block, ceil_log2(n));
  const std::uint64_t of = std::uint64_t{1} << block;
  const std::uint64_t winners = n / of * k + std::min(k, n % of);
  return {2 * round_up(8 * winners * rows, c.alignment), 0, 0};
}

/// The best cells of a cache. While it has few all are chosen, by a tournament that more of them do without: a first
/// batch asks for more than the last.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_topk, ggml_vk_topk_qsa
inline asked top_k(const tensor& t, const chip& c) {
  const tensor& a = *t.src[0];
  const std::uint64_t n = u64(a.ne[0]), k = u64(t.ne[0]), rows = u64(n_rows(a));
  asked all(tournament(n, k, rows, c));
  if (all.whole.is_empty() && cells_of_blocks(t)) return asked({4 * n * rows, 0, 0});
  constexpr std::uint64_t step = 256, most_winners = 1024;  // cells are read in so many at once
  const std::uint64_t first = round_up(u64(a.ne[1]), step);
  for (std::uint64_t cells = step; cells < std::min(n, most_winners); cells += step) {
    const prealloc p = tournament(cells, std::min(k, cells), rows, c);
    all.most.raise(p);
    if (cells == first) all.whole.raise(p);
  }
  return all;
}

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_cumsum
inline prealloc cumsum(const tensor& t, const chip& c) {
  constexpr std::int64_t longest = 4096;
  if (t.ne[0] <= longest || n_rows(t) >= c.n_core) return {};
  return {0, 0, 4 * u64(n_elements(t))};
}

}  // namespace detail

/// Whether asked_by may be more than nothing.
[[nodiscard]] constexpr bool asks_for_scratch(ggml::op o) {
  using ggml::op;
  return o == op::mul_mat || o == op::mul_mat_id || o == op::flash_attn_ext || o == op::soft_max ||
         o == op::argsort || o == op::top_k || o == op::cumsum;
}

/// What the node `t` asks for.
///
/// Accuracy: exact, where the device has what its architecture is said to have
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: what calls ggml_vk_preallocate_buffers
[[nodiscard]] inline asked asked_by(const ggml::tensor& t, const chip& c) {
  using ggml::op;
  if (n_elements(t) == 0) return {};  // not computed
  switch (t.op) {
    case op::mul_mat:
      return asked_by_mul_mat(t, c);
    case op::mul_mat_id:
      return asked_by_mul_mat_id(t, c);
    case op::flash_attn_ext:
      return asked_by_flash_attn(t, c);
    case op::soft_max:
      return asked(detail::soft_max(*t.src[0]));
    case op::argsort:
      return asked(detail::argsort(*t.src[0]));
    case op::top_k:
      return detail::top_k(t, c);
    case op::cumsum:
      return asked(detail::cumsum(t, c));
    default:
      return {};
  }
}

}  // namespace vrambudget::vulkan
