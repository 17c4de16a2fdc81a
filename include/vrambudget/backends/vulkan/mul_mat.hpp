// What matrix products on Vulkan ask for beside their operands: which kernel takes a product, in tiles of which size.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "vrambudget/backends/vulkan/chip.hpp"
#include "vrambudget/backends/vulkan/prealloc.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::vulkan {

/// Whether rows, and all of a matrix, follow each other.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_dim01_contiguous
[[nodiscard]] inline bool is_packed(const ggml::tensor& t) {
  return t.nb[0] == element_size(t) &&
         t.nb[1] == row_size(t.type, static_cast<std::uint64_t>(t.ne[0])).count &&
         (t.ne[3] == 1 || t.nb[3] == t.nb[2] * static_cast<std::uint64_t>(t.ne[2]));
}

namespace detail {

using ggml::tensor;

/// Columns that the vector kernels take in one go, and tokens of experts.
inline constexpr std::int64_t vector_columns = 8;

struct tile {
  std::uint32_t m = 0, n = 0;
};
/// Small, medium, large, as far as there are.
struct tiles {
  std::array<tile, 3> of{};
  std::uint32_t n = 0;
};

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_load_shaders, ggml_vk_get_device
constexpr tiles tiles_of(ggml_type a, const chip& c) {
  constexpr tile small{32, 32}, medium{64, 64}, large{128, 128};
  if (c.is(matrices::nv2)) {
    if (is_quantized(a)) return {{tile{32, 64}, large, tile{128, 256}}, 3};
    if (a == ggml_type::bf16 && !c.traits.bf16_units) return {{small, medium, large}, 3};
    return {{medium, large, tile{128, 256}}, 3};
  }
  if (c.is(maker::nvidia)) return {{small, medium, large}, 3};
  const bool has_large = c.is(matrices::khr) &&
                         (c.is(maker::intel) ? a != ggml_type::bf16 || c.traits.bf16_units
                                             : !c.by_amds_driver);
  if (!has_large) return {{small, medium}, 2};
  return {{small, medium, c.is(maker::intel) && is_quantized(a) ? tile{128, 256} : large}, 3};
}

constexpr std::uint64_t count(tile t, std::uint64_t m, std::uint64_t n) {
  return ceil_div(m, t.m) * ceil_div(n, t.n);
}

/// The one that is used for `m` rows and `n` columns.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_load_shaders: matmul_tile_selector
constexpr tile choose_tile(const tiles& all, std::uint64_t m, std::uint64_t n, const chip& c) {
  if (!c.is(matrices::nv2)) {
    if (m <= 32 || n <= 32) return all.of[0];
    if (all.n == 2 || m <= 64 || n <= 64) return all.of[1];
    return all.of[2];
  }
  const std::uint64_t by_large = count(all.of[2], m, n), by_medium = count(all.of[1], m, n);
  const bool prefers_large = by_medium > c.n_core || by_large > c.n_core ||
                             (by_large <= c.n_core / 3 && by_medium > c.n_core / 2);
  if (n > all.of[1].n && prefers_large) return all.of[2];
  return m > all.of[0].m && n > all.of[0].n ? all.of[1] : all.of[0];
}

/// In how many parts the sums of a product are, so that few tiles keep all cores busy. `read`: any, if `k` and less
/// are summed.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_guess_split_k
constexpr std::uint64_t parts_of_sums(tile t, std::uint64_t m, std::uint64_t n, std::uint64_t k,
                                      cells_read read, const chip& c) {
  constexpr std::uint64_t long_sum = 2048, most = 8, piece = 256;
  if (c.n_core == 0 || n < t.n || k < long_sum) return 1;
  const std::uint64_t n_tiles = count(t, m, n);
  std::uint64_t parts = 1;
  if (n_tiles <= c.n_core / 2)
    parts = std::min(c.n_core / n_tiles, most);
  else if (n_tiles <= std::uint64_t{c.n_core} * 2 / 3)
    parts = 3;
  if (read == cells_read::any) return parts;
  while (parts > 1 && round_up(ceil_div(k, parts), piece) * (parts - 1) >= k) --parts;
  return parts;
}

/// Blocks of 144 bytes for 128 values.
constexpr std::uint64_t as_q8_1(std::uint64_t n) { return ceil_div(n, 128) * 144; }

/// Whether a kernel multiplies by blocks of bytes.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_load_shaders
constexpr bool multiplies_bytes(ggml_type a, bool by_id, const chip& c) {
  if (!c.traits.dots_bytes || !c.is(matrices::none) || (by_id && !c.has_fp16)) return false;
  switch (a) {
    case ggml_type::mxfp4:
      return c.has_fp16;
    case ggml_type::q2_0:
    case ggml_type::q4_0:
    case ggml_type::q4_1:
    case ggml_type::q5_0:
    case ggml_type::q5_1:
    case ggml_type::q8_0:
    case ggml_type::iq4_xs:
    case ggml_type::iq3_s:
    case ggml_type::q2_k:
    case ggml_type::q3_k:
    case ggml_type::q4_k:
    case ggml_type::q5_k:
    case ggml_type::q6_k:
      return true;
    default:
      return false;
  }
}
/// The same of vector kernels.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_get_dequantize_mul_mat_vec
constexpr bool vectors_of_bytes(ggml_type a) {
  switch (a) {
    case ggml_type::q2_0:
    case ggml_type::q4_0:
    case ggml_type::q4_1:
    case ggml_type::q5_0:
    case ggml_type::q5_1:
    case ggml_type::q8_0:
    case ggml_type::mxfp4:
    case ggml_type::q2_k:
    case ggml_type::q3_k:
    case ggml_type::q4_k:
    case ggml_type::q5_k:
    case ggml_type::q6_k:
    case ggml_type::iq1_s:
    case ggml_type::iq1_m:
    case ggml_type::iq4_xs:
      return true;
    default:
      return false;
  }
}

/// Whether a vector kernel is worth the bytes of `columns` of `k` values.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_should_use_mmvq
constexpr bool wants_bytes(ggml_type a, std::int64_t columns, std::int64_t k, const chip& c) {
  using enum ggml_type;
  if (a == q6_k && !c.is(maker::intel)) return false;
  if (columns > 1) return true;
  if (c.is(maker::nvidia)) {
    if (a == q2_0 || a == q2_k || a == q3_k || a == iq1_s || a == iq1_m) return true;
    if (k <= 4096) return false;
    return (a != mxfp4 && a != q8_0) || c.is(vulkan_architecture::pre_turing);
  }
  if (c.is(maker::amd)) return k >= 2048 && (a != q8_0 || c.is_gcn());
  if (c.is(vulkan_architecture::xe2) && (a == q2_0 || a == q2_k || a == q3_k || a == q6_k))
    return true;
  return k >= 2048 && a != q4_0 && a != q5_1 && a != iq4_xs;
}

/// A product by a vector kernel: what has gaps is copied, what is worth it made bytes.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_mul_mat_vec_q_f16,
///         ggml_vk_mul_mat_vec_id_q_f16
inline prealloc vector_product(const tensor& a, const tensor& b, std::int64_t columns,
                               const chip& c) {
  prealloc p;
  if (!is_packed(a)) p.x = round_up(element_size(a) * u64(n_elements(a)), c.alignment);
  const std::uint64_t n = u64(n_elements(b));
  const bool has_gaps = !is_packed(b), is_f32 = b.type == ggml_type::f32;
  if (c.traits.dots_bytes && is_f32 && is_contiguous(b) && !has_gaps &&
      (b.ne[0] * b.ne[1]) % 4 == 0 && wants_bytes(a.type, columns, b.ne[0], c) &&
      vectors_of_bytes(a.type))
    p.y = as_q8_1(n);
  else if (has_gaps || (!is_f32 && b.type != ggml_type::f16))
    p.y = n * (is_f32 ? 4 : 2);
  return p;
}

/// Whether rows have gaps, or have them until the cache that they are a part of is full: V without flash attention,
/// whose rows are as long as cells are in use.
inline bool may_have_gaps(const tensor& a, const tensor& b) {
  const bool is_cached = a.view_src && a.view_src->home >= 0 && !a.view_src->is_weight;
  return !is_packed(a) || (is_cached && b.op == ggml::op::soft_max);
}

/// How a kernel of tiles takes its operands.
struct operands {
  bool converts_a = false;  ///< to halves, or to BF16
  bool converts_b = false;
  bool quantizes_b = false;
  ggml_type tiles_for = ggml_type::f16;  ///< whose kernel it is
};

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_mul_mat_q_f16, ggml_vk_mul_mat_id_q_f16
inline operands operands_of(const tensor& a, const tensor& b, bool by_id, const chip& c) {
  const bool is_f32 = b.type == ggml_type::f32, a_is_bf16 = a.type == ggml_type::bf16;
  const ggml_type half = a_is_bf16 ? ggml_type::bf16 : ggml_type::f16;
  const bool a_apart = (c.is(matrices::nv2) && a.type == ggml_type::f32) || may_have_gaps(a, b);
  const bool units_want_halves =
      c.is(matrices::nv2) || (c.is(matrices::khr) && is_quantized(a.type) &&
                              (!by_id || c.is(maker::intel)));
  const bool b_apart = (units_want_halves && is_f32) ||
                       (a_is_bf16 && b.type != ggml_type::bf16) || !is_packed(b);
  operands o{.tiles_for = a.type};
  o.quantizes_b = is_f32 && is_contiguous(b) && !b_apart && (b.ne[0] * b.ne[1]) % 4 == 0 &&
                  multiplies_bytes(a.type, by_id, c);
  const ggml_type with = b_apart ? half : b.type;
  const bool has_kernel = o.quantizes_b || !is_quantized(a.type) || !c.is(matrices::none) ||
                          with == ggml_type::f32;
  o.converts_a = !has_kernel || a_apart;
  o.converts_b = !o.quantizes_b && ((b.type != half && !(is_f32 && !b_apart)) || b_apart);
  if (o.converts_a) o.tiles_for = half;
  return o;
}

/// A product by a kernel of tiles, of `m` of the rows and `n` of the columns.
inline prealloc tiled_product(const tensor& a, const tensor& b, const operands& o, std::uint64_t m,
                              std::uint64_t n, cells_read read, bool may_split, const chip& c) {
  prealloc p;
  const std::uint64_t k = u64(b.ne[0]), batch = u64(b.ne[2] * b.ne[3]);
  const tile t = choose_tile(tiles_of(o.tiles_for, c), m, n, c);
  if (o.converts_a) p.x = 2 * u64(n_elements(a)) / u64(a.ne[1]) * m;
  if (o.quantizes_b)
    p.y = as_q8_1(n * k * batch);
  else if (o.converts_b)
    p.y = 2 * round_up(n, t.n) * k * batch;
  const std::uint64_t parts = may_split ? parts_of_sums(t, m, n, k, read, c) : 1;
  if (parts > 1) p.split_k = 4 * m * n * batch * parts;
  return p;
}

inline bool is_transposed(const tensor& t) { return t.nb[0] > t.nb[1]; }
inline bool is_permuted(const tensor& t) {
  return t.nb[0] > t.nb[1] || t.nb[1] > t.nb[2] || t.nb[2] > t.nb[3];
}
/// Heads before tokens in memory, tokens before heads in shape.
inline bool swaps_heads(const tensor& t) {
  return is_permuted(t) && t.nb[0] <= t.nb[2] && t.nb[2] <= t.nb[1] && t.nb[1] <= t.nb[3] &&
         t.ne[3] == 1;
}
/// Kernels of one column that read a cache as it lies.
inline bool reads_cache_in_place(const tensor& a, const tensor& b, std::int64_t columns) {
  if (a.type != ggml_type::f16 || columns != 1) return false;
  if (swaps_heads(a) && swaps_heads(b)) return true;
  return !is_contiguous(a) && !is_transposed(b) && !is_permuted(a) && !is_permuted(b);
}
inline bool is_plain_matrix(const tensor& t) {
  return t.ne[2] == 1 && t.ne[3] == 1 && is_contiguous(t);
}

/// Tokens of fewer batches that may ask for more: whole tiles of them, as long as sums are in parts.
template <class Ask>
asked most_of_fewer(std::uint64_t n, const Ask& ask) {
  constexpr std::uint64_t step = 32;
  asked all(ask(n, cells_read::all));
  for (std::uint64_t fewer = step; fewer < n + step; fewer += step) {
    const prealloc p = ask(std::min(fewer, n), cells_read::any);
    all.most.raise(p);
    if (p.split_k == 0 && fewer >= 8 * step) break;
  }
  return all;
}

}  // namespace detail

/// What a matrix product asks for.
///
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_mul_mat
[[nodiscard]] inline asked asked_by_mul_mat(const ggml::tensor& t, const chip& c) {
  using namespace detail;
  const tensor &a = *t.src[0], &b = *t.src[1];
  const std::uint64_t rows = u64(t.ne[0]), columns = u64(t.ne[1]);
  const bool too_large = t.ne[2] == 1 && t.ne[3] == 1 && a.nbytes > c.range;
  if (!too_large) {
    const std::int64_t n = b.ne[0];
    const bool transforms = t.hadamard && (n == 64 || n == 128 || n == 256 || n == 512) &&
                            b.type == ggml_type::f32 && is_contiguous(b);
    if (transforms || reads_cache_in_place(a, b, t.ne[1])) return {};
    const bool a_is_float = a.type == ggml_type::f32 || a.type == ggml_type::f16;
    if (a_is_float && t.ne[0] == 1 && t.ne[1] > vector_columns && is_plain_matrix(a) &&
        is_plain_matrix(b))
      return asked(vector_product(b, a, 1, c));
    if (t.ne[1] == 1 || (t.ne[1] <= vector_columns && b.ne[2] * b.ne[3] == 1))
      return asked(vector_product(a, b, b.ne[1], c));
  }
  const operands o = operands_of(a, b, false, c);
  const std::uint64_t m = too_large ? std::min(rows, c.range / (2 * a.nb[1])) : rows;
  const bool sums_cells = b.op == ggml::op::soft_max;
  return most_of_fewer(columns, [&](std::uint64_t n, cells_read read) {
    return tiled_product(a, b, o, m, n, sums_cells ? read : cells_read::all, !too_large, c);
  });
}

/// What a product with experts asks for; counts and places of rows are in split_k.
///
/// Formula:  4 * (2 * n_expert + 1 + n_used * n_tokens)
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_mul_mat_id
[[nodiscard]] inline asked asked_by_mul_mat_id(const ggml::tensor& t, const chip& c) {
  using namespace detail;
  const tensor &a = *t.src[0], &b = *t.src[1], &ids = *t.src[2];
  if (ids.ne[1] <= vector_columns && a.type != ggml_type::bf16)
    return asked(vector_product(a, b, b.ne[2], c));
  const operands o = operands_of(a, b, true, c);
  constexpr std::uint64_t staged_row = 64, most_expert = 1024, most_index = 0xffff;
  const std::uint64_t width = u64(b.ne[0]);
  const bool pads_rows = c.is(matrices::nv2) && !o.quantizes_b && width % staged_row != 0;
  const std::uint64_t row = pads_rows ? round_up(width, staged_row) : width,
                      n = row * u64(n_rows(b)), n_expert = u64(a.ne[2]),
                      n_used = u64(ids.ne[0]), n_tokens = u64(ids.ne[1]);
  prealloc p;
  if (o.converts_a) p.x = 2 * u64(n_elements(a));
  if (o.quantizes_b)
    p.y = as_q8_1(n);
  else if (o.converts_b || pads_rows)
    p.y = 2 * n;
  const bool keeps_rows = n_expert <= most_expert && n_used <= most_index && n_tokens <= most_index;
  p.split_k = 4 * (keeps_rows ? 2 * n_expert + 1 + n_used * n_tokens : n_expert);
  return asked(p);
}

}  // namespace vrambudget::vulkan
