// What flash attention on Vulkan asks for: parts of results where few rows must keep all cores busy, caches in halves,
// which blocks of a mask are empty.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/backends/vulkan/chip.hpp"
#include "vrambudget/backends/vulkan/prealloc.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::vulkan {

namespace detail {

enum class attention_kernel : std::uint8_t { scalar, khr, nv2 };

/// A kernel, and the block of queries and cells that a workgroup of it takes.
struct attention_blocks {
  attention_kernel kernel = attention_kernel::scalar;
  std::uint32_t rows = 1, cells = 64;
};

/// What kernels are chosen by: sizes of heads, types of the cache as the kernel reads it.
struct attention_shape {
  std::uint32_t k_head = 0, v_head = 0;
  std::uint64_t n_cell = 0;
  ggml_type k = ggml_type::f16, v = ggml_type::f16;
};

constexpr bool multiplies_cache_bytes(const attention_shape& s, const chip& c) {
  if (!c.traits.dots_bytes || s.v == ggml_type::iq4_nl) return false;
  switch (s.k) {
    case ggml_type::q4_0:
    case ggml_type::q4_1:
    case ggml_type::q5_0:
    case ggml_type::q5_1:
    case ggml_type::q8_0:
      return true;
    default:
      return false;
  }
}

/// Shared memory of the kernel without matrix units, whose workgroups have `n_thread` threads.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_flash_attn_scalar_shmem_support
constexpr std::uint64_t scalar_shared_memory(const attention_shape& s, std::uint32_t rows,
                                             std::uint32_t cells, std::uint32_t n_thread,
                                             bool stages, const chip& c) {
  const std::uint64_t value = c.has_fp16 && s.k != ggml_type::bf16 ? 2 : 4;
  const std::uint64_t table = 16 * value, mask = cells * (rows + std::uint64_t{1}) * value;
  const auto staged = [&](std::uint64_t head) {
    return stages ? cells * (head / 4 + 1) * 4 * value : 4 * value;
  };
  std::uint64_t sum = n_thread * 4 + n_thread * 4 * value + mask + table;
  if (multiplies_cache_bytes(s, c)) {
    const std::uint64_t q_block = 32 + 2 * value, k_block = 36 + 2 * value, blocks = s.k_head / 32;
    return sum + rows * blocks * q_block + staged(s.v_head) +
           (stages ? cells * blocks * k_block : k_block);
  }
  return sum + rows * (s.k_head / 4 + std::uint64_t{1}) * 4 * value +
         staged(std::max(s.k_head, s.v_head));
}

/// Whether the kernel of VK_KHR_cooperative_matrix, which sums in f32, has its shared memory.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_flash_attn_coopmat_shmem_support
constexpr bool fits_units(const attention_shape& s, const chip& c) {
  constexpr std::uint64_t rows = 16, cells = 64, unit = 16, n_subgroup = 4, halves = 8;
  const std::uint64_t k = round_up(s.k_head, unit), v = round_up(s.v_head, unit);
  const bool stages = c.is(maker::nvidia) && s.k_head < 256 && s.v_head < 256;
  const std::uint64_t queries = rows * (k / 4 + 2) * halves,
                      weights = cells * (rows / 4 + 2) * halves,
                      scores = cells * (s.k_head <= 128 ? rows + 8 : rows) * 4,
                      width = (stages ? std::max(k, v) : unit) / 4 + 2,
                      staged = cells * std::max(width, unit / 4 * (cells / unit)) * halves,
                      results = unit * (n_subgroup * unit / 4) *
                                (s.k == ggml_type::bf16 ? 16 : halves);
  return cells / unit * 4 + 32 + queries + weights + scores + staged + results + rows * 4 <=
         c.shared_memory();
}

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: get_fa_tuning_params_scalar
constexpr attention_blocks scalar_blocks(const attention_shape& s, std::uint64_t n_row,
                                         const chip& c) {
  const bool is_rdna = c.is(maker::amd) && !c.is_gcn();
  std::uint32_t subgroup = c.traits.subgroup;
  if (c.is(maker::intel)) subgroup = 32;
  if (is_rdna && n_row < 4) subgroup = 32;
  const std::uint32_t undivided = is_rdna && !c.unified && n_row > 8 ? 128 : 64;
  const bool divides_rows = n_row >= 4 && s.k_head > undivided;
  const bool two_waves = subgroup > 32 && (n_row < 4 || s.k_head < (divides_rows ? 64u : 128u));
  const std::uint32_t n_thread = subgroup * (two_waves ? 2 : 4);
  const std::uint32_t both = s.k_head | s.v_head;
  const bool few_rows = (both & 8) != 0 || s.n_cell < 1024 || c.is(maker::intel);
  attention_blocks b;
  if (n_row > 1) {
    if (divides_rows)
      b.rows = n_row <= 4 ? 4 : n_row <= 8 || few_rows ? 8 : 16;
    else
      b.rows = n_row == 2 ? 2 : n_row <= 4 || few_rows ? 4 : 8;
    b.cells = (both & 8) != 0 ? 64 : 32;
  }
  const bool stages = c.is(maker::nvidia) && s.k_head < 256 && s.v_head < 256;
  if (!few_rows &&
      scalar_shared_memory(s, b.rows, b.cells, n_thread, stages, c) > c.shared_memory())
    b.rows /= 2;
  return b;
}

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: get_fa_tuning_params
constexpr attention_blocks blocks_of(const attention_shape& s, std::uint64_t n_row, const chip& c) {
  const bool lacks_units = s.k == ggml_type::bf16 && !c.traits.bf16_units;
  if (n_row > 1 && !lacks_units) {
    if (c.is(matrices::nv2)) {
      const std::uint32_t head = std::max(s.k_head, s.v_head);
      const bool wide = head >= 256 || is_quantized(s.k) || is_quantized(s.v);
      if (n_row < 32) return {attention_kernel::nv2, 32, 32};
      if (wide) return {attention_kernel::nv2, head >= 512 ? 32u : 64u, 32};
      return {attention_kernel::nv2, 64, 64};
    }
    // Intel's units are of another shape
    if (c.is(matrices::khr) && !c.is(maker::intel) && fits_units(s, c))
      return {attention_kernel::khr, 16, 64};
  }
  return scalar_blocks(s, n_row, c);
}

/// One node of flash attention, of any number of its tokens and of all or any of its cells.
class attention {
 public:
  attention(const ggml::tensor& t, const chip& c)
      : t_(t), q_(*t.src[0]), k_(*t.src[1]), v_(*t.src[2]), mask_(t.src[3]), chip_(c) {}

  [[nodiscard]] prealloc asked_for(std::uint64_t n_token, cells_read read) const {
    prealloc p;
    const bool halves = makes_halves(n_token);
    attention_shape s{static_cast<std::uint32_t>(k_.ne[0]), static_cast<std::uint32_t>(v_.ne[0]),
                      u64(k_.ne[1]), k_.type, v_.type};
    if (halves) {
      s.k = s.v = ggml_type::f16;
      p.x = 2 * u64(n_elements(k_) + n_elements(v_));
    }
    const std::uint64_t grouped = queries_in_group(s, n_token);
    const std::uint64_t n_row = grouped > 1 ? grouped : n_token;
    const attention_blocks b = blocks_of(s, n_row, chip_);
    if (is_sparse(s, b, grouped, n_token)) {
      p.y = 4 * u64(t_.n_kv_max) * n_token * u64(mask_->ne[2] * mask_->ne[3]);
      p.split_k = size_of_parts(parts_of_sparse(b, grouped, n_token), n_token);
      if (read == cells_read::all) return p;
    }
    const std::uint64_t parts = parts_of_cells(b, grouped, n_token, s.n_cell, read);
    p.split_k = std::max(p.split_k, size_of_parts(parts, n_token));
    if (parts > 1 && has_two_phases())
      p.x = std::max(p.x, of_two_phases(n_token));
    else if (skips_empty_blocks(b, n_token))
      p.y = std::max(p.y, 4 * ceil_div(u64(mask_->ne[0]), 16 * b.cells) *
                              ceil_div(n_token, b.rows) * u64(mask_->ne[2] * mask_->ne[3]));
    return p;
  }

 private:
  static bool is_dense(const ggml::tensor& t) {
    const std::uint64_t row = row_size(t.type, u64(t.ne[0])).count;
    return t.nb[0] == element_size(t) && t.nb[2] == row && t.nb[1] == row * u64(t.ne[2]) &&
           (t.ne[3] == 1 || t.nb[3] == t.nb[1] * u64(t.ne[1]));
  }
  /// Whether a cache of bytes is made halves first, for kernels that read it many times.
  [[nodiscard]] bool makes_halves(std::uint64_t n_token) const {
    constexpr std::uint64_t many = 64;
    return k_.type == ggml_type::q8_0 && v_.type == ggml_type::q8_0 && n_token >= many &&
           is_dense(k_) && is_dense(v_) && 2 * u64(n_elements(k_)) <= chip_.range &&
           2 * u64(n_elements(v_)) <= chip_.range && !chip_.is(matrices::nv2) &&
           (!chip_.is(maker::intel) || chip_.is(matrices::khr));
  }
  /// Heads that share a head of the cache, where few tokens are computed as if these were tokens; 1: they are not.
  [[nodiscard]] std::uint64_t queries_in_group(const attention_shape& s,
                                               std::uint64_t n_token) const {
    constexpr std::uint64_t few = 8, most = 32, any = 512;
    const std::int64_t group = q_.ne[2] / k_.ne[2];
    const bool groups = n_token <= few && group > 1 && group * k_.ne[2] == q_.ne[2] &&
                        k_.ne[2] == v_.ne[2] && (!mask_ || mask_->ne[2] <= 1) &&
                        u64(group) <= std::min<std::uint64_t>(blocks_of(s, any, chip_).rows, most);
    return groups ? u64(group) : 1;
  }
  [[nodiscard]] std::uint64_t cores() const {
    constexpr std::uint32_t unknown = 16;
    const bool more = chip_.is(maker::intel) && !chip_.is(vulkan_architecture::xe2);
    return chip_.n_core > 0 ? chip_.n_core * (more ? 2 : 1) : unknown;
  }
  /// Workgroups without parts, of rows of a head and of heads.
  [[nodiscard]] std::uint64_t workgroups(const attention_blocks& b, std::uint64_t grouped,
                                         std::uint64_t n_token) const {
    const std::uint64_t rows = grouped > 1 ? n_token : ceil_div(n_token, b.rows);
    return rows * (u64(q_.ne[2]) / grouped) * u64(q_.ne[3]);
  }
  [[nodiscard]] bool is_sparse(const attention_shape& s, const attention_blocks& b,
                               std::uint64_t grouped, std::uint64_t n_token) const {
    constexpr std::int64_t least = 4096;
    const std::int64_t n_cell = k_.ne[1], ratio = b.kernel == attention_kernel::nv2 ? 4 : 2;
    return mask_ && t_.n_kv_max > 0 && !t_.has_bias && s.k == ggml_type::f16 &&
           s.v == ggml_type::f16 && mask_->ne[0] == n_cell &&
           n_cell >= std::max(least, ratio * t_.n_kv_max) &&
           (grouped > 1 || (b.kernel == attention_kernel::scalar && n_token == 1));
  }
  [[nodiscard]] std::uint64_t parts_of_sparse(const attention_blocks& b, std::uint64_t grouped,
                                              std::uint64_t n_token) const {
    const std::uint64_t blocks = ceil_div(u64(t_.n_kv_max), b.cells),
                        parts = 2 * cores() / workgroups(b, grouped, n_token);
    return ceil_div(blocks, ceil_div(blocks, std::clamp<std::uint64_t>(parts, 1, blocks)));
  }
  /// Of any number of cells up to `n_cell` as many as there are workgroups for; past 64 whole blocks may make one more.
  [[nodiscard]] std::uint64_t parts_of_cells(const attention_blocks& b, std::uint64_t grouped,
                                             std::uint64_t n_token, std::uint64_t n_cell,
                                             cells_read read) const {
    if (grouped > 1 && n_token > b.rows) return 1;
    const std::uint64_t parts = 2 * cores() / workgroups(b, grouped, n_token);
    if (parts <= 1) return 1;
    if (read == cells_read::any)
      return std::min(parts + (parts > b.cells ? 1 : 0), ceil_div(n_cell, b.cells));
    return ceil_div(n_cell, round_up(std::max<std::uint64_t>(1, n_cell / parts), b.cells));
  }
  /// Formula:  parts * heads * tokens * (4 * width of a head + 8)
  [[nodiscard]] std::uint64_t size_of_parts(std::uint64_t parts, std::uint64_t n_token) const {
    if (parts <= 1) return 0;
    return parts * u64(q_.ne[2]) * n_token * u64(q_.ne[3]) * (4 * u64(v_.ne[0]) + 8);
  }
  /// Intel's kernels that keep scores between two phases.
  [[nodiscard]] bool has_two_phases() const {
    const auto by_tokens = [](const ggml::tensor& t) { return t.nb[1] > t.nb[2]; };
    return chip_.is(vulkan_architecture::xe2) && mask_ && q_.ne[0] % 32 == 0 &&
           v_.ne[0] % 16 == 0 && by_tokens(q_) && by_tokens(k_) && by_tokens(v_) &&
           k_.type == ggml_type::f16 && v_.type == ggml_type::f16 &&
           mask_->type == ggml_type::f16;
  }
  /// Queries and scores in halves, a maximum for 32 cells.
  [[nodiscard]] std::uint64_t of_two_phases(std::uint64_t n_token) const {
    const std::uint64_t rows = n_token * u64(q_.ne[2] * q_.ne[3]),
                        blocks = ceil_div(u64(k_.ne[1]), 32);
    return rows * (2 * u64(q_.ne[0]) + 2 * 32 * blocks + 4 * blocks);
  }
  [[nodiscard]] bool skips_empty_blocks(const attention_blocks& b, std::uint64_t n_token) const {
    constexpr std::uint64_t few = 32, small = 32768;
    if (!mask_ || (chip_.is_gcn() && k_.ne[0] <= 256 && v_.ne[0] <= 256)) return false;
    const std::uint64_t n_cell = u64(mask_->ne[0]);
    return n_token >= few && n_cell * n_token > small && n_cell >= 16 * b.cells;
  }

  const ggml::tensor &t_, &q_, &k_, &v_;
  const ggml::tensor* mask_;
  const chip& chip_;
};

}  // namespace detail

/// What flash attention asks for. A sequence's whole batches are of all tokens and of one; few tokens are taken to be
/// one of each slot.
///
/// Accuracy: exact; of fewer tokens the most is taken from whole blocks of rows, of fewer cells from whole parts
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_flash_attn
[[nodiscard]] inline asked asked_by_flash_attn(const ggml::tensor& t, const chip& c) {
  const detail::attention of(t, c);
  const std::uint64_t n_token = detail::u64(t.src[0]->ne[1]);
  constexpr std::uint64_t few = 8, step = 16, enough = 64;
  asked all(of.asked_for(1, cells_read::all));
  if (n_token > few) all.whole.raise(of.asked_for(n_token, cells_read::all));
  all.most.raise(all.whole);
  for (std::uint64_t n = 1; n <= n_token; n += n < few ? 1 : n < step ? step - n : step) {
    const prealloc p = of.asked_for(n, cells_read::any);
    all.most.raise(p);
    if (p.split_k == 0 && n >= enough) break;
  }
  return all;
}

}  // namespace vrambudget::vulkan
