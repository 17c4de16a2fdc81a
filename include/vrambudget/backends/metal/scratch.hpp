// What Metal's kernels write beside their result. It lies behind the result in the compute buffer, so nothing grows
// while tokens are decoded.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::metal::detail {

using u64 = std::uint64_t;

[[nodiscard]] constexpr u64 padded(u64 n, u64 to) { return pad(bytes{n}, to).count; }
/// Elements of a dimension.
[[nodiscard]] inline u64 extent(const ggml::tensor& t, std::size_t d) {
  return static_cast<u64>(t.ne[d]);
}
[[nodiscard]] inline u64 n_elements_of(const ggml::tensor& t) {
  return static_cast<u64>(n_elements(t));
}

/// Types that flash attention reads; of quantized ones it can make halves first.
[[nodiscard]] constexpr bool attends_to(ggml_type t) {
  switch (t) {
    case ggml_type::f32:
    case ggml_type::f16:
    case ggml_type::bf16:
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

/// Scratch of one flash attention: the last cells padded to a whole chunk, which chunks the mask hides, partial
/// results of the vector kernel, K and V as halves, and the cells that are seen.
///
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-metal/ggml-metal-ops.cpp: ggml_metal_op_flash_attn_ext_extra_*
class flash_attn_scratch {
 public:
  explicit flash_attn_scratch(const ggml::tensor& t)
      : q_(*t.src[0]), k_(*t.src[1]), v_(*t.src[2]), mask_(t.src[3]), n_kv_max_(t.n_kv_max) {}

  [[nodiscard]] u64 size() const { return tail() + hidden() + partial() + halves() + seen(); }

 private:
  static constexpr u64 half = 2, single = 4;
  static constexpr u64 cells = 64, cells_of_vector = 32;  ///< of a chunk
  static constexpr u64 queries = 8, queries_of_vector = 1;

  [[nodiscard]] bool is_vector() const { return q_.ne[1] < 20 && q_.ne[0] % 32 == 0; }
  /// Whether K and V are made halves for this many queries.
  [[nodiscard]] bool reads_halves() const { return q_.ne[1] >= 32 && is_quantized(k_.type); }
  /// Masks of one query.
  [[nodiscard]] u64 n_masks() const { return extent(*mask_, 2) * extent(*mask_, 3); }

  [[nodiscard]] u64 tail() const {
    const bool halved = reads_halves();
    const u64 k = halved ? half * extent(k_, 0) : k_.nb[1];
    const u64 v = halved ? half * extent(begins_in(v_, k_) ? k_ : v_, 0) : v_.nb[1];
    const u64 masked = mask_ ? half * extent(*mask_, 1) * n_masks() : 0;
    return cells * (k * extent(k_, 2) * extent(k_, 3) + v * extent(v_, 2) * extent(v_, 3) + masked);
  }
  [[nodiscard]] u64 hidden() const {
    if (!mask_) return 0;
    const u64 across = ceil_div(extent(*mask_, 0), is_vector() ? cells_of_vector : cells);
    const u64 down = ceil_div(extent(q_, 1), is_vector() ? queries_of_vector : queries);
    return padded(across * down * n_masks(), 32);
  }
  [[nodiscard]] u64 partial() const {
    constexpr u64 groups = 32, most_queries = 32, sum_and_max = 2;
    return single * std::min(extent(q_, 1), most_queries) * extent(q_, 2) * extent(q_, 3) * groups *
           (extent(v_, 0) + sum_and_max);
  }
  /// Always there, so that buffers need not grow for it.
  [[nodiscard]] u64 halves() const {
    const u64 k = padded(half * n_elements_of(k_), 16);
    return begins_in(v_, k_) ? k : k + padded(half * n_elements_of(v_), 16);
  }
  [[nodiscard]] u64 seen() const {
    constexpr std::int32_t longest_list = 4096;
    if (n_kv_max_ <= 0 || n_kv_max_ > longest_list || !mask_) return 0;
    if (!has_vector_kernel() || !attends_to(k_.type)) return 0;
    const u64 n = padded(static_cast<u64>(n_kv_max_), cells_of_vector);
    return padded(single * n * extent(*mask_, 1) * n_masks(), 16);
  }
  [[nodiscard]] bool has_vector_kernel() const {
    using head = std::array<std::int64_t, 2>;
    constexpr std::array<head, 11> heads = {{{32, 32},
                                             {64, 64},
                                             {96, 96},
                                             {96, 64},
                                             {128, 128},
                                             {192, 128},
                                             {192, 192},
                                             {256, 256},
                                             {320, 256},
                                             {512, 512},
                                             {576, 512}}};
    return std::find(heads.begin(), heads.end(), head{k_.ne[0], v_.ne[0]}) != heads.end();
  }

  const ggml::tensor &q_, &k_, &v_;
  const ggml::tensor* mask_;
  std::int32_t n_kv_max_;
};

/// Of a product with experts: how many rows each has, which these are, and the scales of two stages.
///
/// Formula:  4 * n_expert + 4 * n_expert * n_tokens + 8 + 4 * 256
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-metal/ggml-metal-ops.cpp: ggml_metal_op_mul_mat_id_extra_*
[[nodiscard]] inline u64 experts_scratch(const ggml::tensor& t) {
  constexpr u64 index = 4, scales = 8 + 4 * 256;
  const u64 n_expert = extent(*t.src[0], 2), n_tokens = extent(*t.src[2], 1);
  return index * n_expert + index * n_expert * n_tokens + scales;
}

}  // namespace vrambudget::metal::detail
