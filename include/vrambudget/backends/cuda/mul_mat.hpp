// Scratch of matrix products on CUDA: which kernel takes a product, and what that kernel keeps beside
// its operands. Kernels are those of a build for compute capabilities 7.5 and up: older cards run what
// needs no kernel of their own.
#pragma once

#include <cstdint>

#include "vrambudget/backends/cuda/mmq.hpp"
#include "vrambudget/backends/cuda/scratch.hpp"
#include "vrambudget/engine/rules.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::cuda {

namespace detail {

/// Columns the vector kernels take in one go.
inline constexpr std::int64_t vector_columns = 8;

constexpr bool is_plain_float(ggml_type t) {
  return t == ggml_type::f32 || t == ggml_type::f16 || t == ggml_type::bf16;
}

/// Rows of two elements must be aligned to read them at once.
inline bool reads_pairs(const ggml::tensor& a) {
  const std::uint64_t pair = 2 * element_size(a);
  return a.nb[0] == element_size(a) && a.nb[1] % pair == 0 && a.nb[2] % pair == 0 &&
         a.nb[3] % pair == 0;
}

/// Source: llama.cpp, ggml/src/ggml-cuda/mmf.cu: ggml_cuda_should_use_mmf
inline bool takes_mmf(const ggml::tensor& a, std::int64_t columns, bool by_id, std::uint32_t cc) {
  if (!is_plain_float(a.type)) return false;
  const auto per_load = static_cast<std::int64_t>(32 * (4 / element_size(a)));
  if (a.ne[0] % per_load != 0 || !reads_pairs(a) || a.ne[1] % 32 != 0) return false;
  if (columns > (!by_id ? 16 : a.ne[1] <= 1024 ? 512 : 128)) return false;
  return cc >= (a.type == ggml_type::f16 ? turing : ampere);
}

/// Source: llama.cpp, ggml/src/ggml-cuda/mmvf.cu: ggml_cuda_should_use_mmvf
inline bool takes_mmvf(const ggml::tensor& a, std::int64_t columns, std::uint32_t cc,
                       const engine_rules& rules) {
  if (!is_plain_float(a.type) || a.ne[0] % 2 != 0 || !reads_pairs(a)) return false;
  if (a.type == ggml_type::f32) return columns <= (cc >= turing && cc < ampere ? 4 : 3);
  const bool small = a.ne[1] <= 512 || a.ne[2] * a.ne[3] == 1;
  if (cc >= ampere) {
    const bool thin = rules.multiplies_thin_floats && !takes_mmf(a, columns, false, cc);
    return small && columns <= (thin ? vector_columns : 1);
  }
  constexpr std::uint32_t volta = 700;
  if (a.type == ggml_type::f16 && cc >= volta) return small && columns <= 3;
  return columns <= vector_columns;
}

/// Most columns of a quantized product that the vector kernel takes.
/// Source: llama.cpp, ggml/src/ggml-cuda/mmvq.cu: ggml_cuda_should_use_mmvq
constexpr std::int64_t mmvq_columns(ggml_type t, std::uint32_t cc) {
  const auto of = [t](std::int64_t q2, std::int64_t q3, std::int64_t q4, std::int64_t q5,
                      std::int64_t q6) {
    switch (t) {
      case ggml_type::q2_k:
        return q2;
      case ggml_type::q3_k:
        return q3;
      case ggml_type::q4_k:
        return q4;
      case ggml_type::q5_k:
        return q5;
      case ggml_type::q6_k:
        return q6;
      default:
        return vector_columns;
    }
  };
  switch (cc) {
    case 890:
      return of(4, 6, 8, 8, 8);
    case 1200:
      return of(5, 5, 5, 6, 7);
    case 1210:
      return of(6, 8, 8, 8, 8);
    case 870:
      return of(1, 1, 1, 1, 1);
    case 700:
      return of(4, 6, 5, 6, 7);
    default:
      return vector_columns;
  }
}

/// The same for products with experts, in tokens.
/// Source: llama.cpp, ggml/src/ggml-cuda/mmvq.cu: get_mmvq_mmid_max_batch
constexpr std::int64_t mmvq_tokens(ggml_type t, std::uint32_t cc) {
  if (cc == 700 || cc >= ada) return vector_columns;
  if (cc >= turing) switch (t) {
      case ggml_type::iq2_s:
      case ggml_type::iq3_xxs:
      case ggml_type::mxfp4:
      case ggml_type::q2_k:
        return 7;
      case ggml_type::iq3_s:
        return 6;
      case ggml_type::q3_k:
        return 5;
      default:
        return vector_columns;
    }
  switch (t) {
    case ggml_type::iq1_s:
    case ggml_type::iq1_m:
    case ggml_type::iq4_nl:
    case ggml_type::q4_0:
    case ggml_type::q4_1:
    case ggml_type::q5_0:
    case ggml_type::q5_1:
      return 6;
    case ggml_type::iq2_xs:
    case ggml_type::iq2_xxs:
    case ggml_type::iq4_xs:
    case ggml_type::q4_k:
    case ggml_type::q5_k:
      return 5;
    case ggml_type::iq2_s:
    case ggml_type::iq3_s:
    case ggml_type::iq3_xxs:
    case ggml_type::mxfp4:
    case ggml_type::nvfp4:
    case ggml_type::q2_k:
    case ggml_type::q3_k:
    case ggml_type::q6_k:
    case ggml_type::q8_0:
      return 4;
    default:
      return vector_columns;
  }
}

/// Input of a quantized vector kernel: blocks of 36 bytes for 32 values.
inline void take_mmvq_input(scratch& s, const ggml::tensor& b) {
  s.take(u64(n_rows(b)) * (ceil_div(u64(b.ne[0]), 512) * 512) * 36 / 32);
}

/// Operands of cuBLAS in the type it computes in, and its result in that type.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_mul_mat_cublas, ggml_cuda_mul_mat_cublas_impl
inline void take_cublas(scratch& s, const ggml::tensor& t, const ggml::tensor& a,
                        const ggml::tensor& b, std::uint32_t cc, const engine_rules& rules) {
  s.cublas = true;
  const bool fast_f16 = cc >= 600 && cc != 610;
  ggml_type type = a.type;
  if (is_quantized(type) || type == ggml_type::f16) {
    type = fast_f16 ? ggml_type::f16 : ggml_type::f32;
  } else if (type == ggml_type::bf16 && cc < ampere && b.ne[1] > (cc >= 700 ? 8 : 128)) {
    type = ggml_type::f32;
  }
  if (a.type == ggml_type::nvfp4 && rules.sums_nvfp4_in_bf16 && type == ggml_type::f16)
    type = cc >= ampere ? ggml_type::bf16 : ggml_type::f32;
  if (t.f32_accumulator) type = ggml_type::f32;
  const std::uint64_t size = traits(type).block_bytes;
  if (a.type != type) s.take(u64(n_elements(a)) * size);
  if (b.type != type) s.take(u64(n_elements(b)) * size);
  if (type == ggml_type::f16 && cc != 700)
    s.take(u64(b.ne[1] * b.ne[2] * b.ne[3]) * u64(a.ne[1]) * size);

  const std::int64_t n = b.ne[2] * b.ne[3];
  if (n == 1) return;
  // a copy made row by row has no gaps; one made in a run keeps the order of what is copied
  const auto even = [&](const ggml::tensor& x) {
    const std::uint64_t run = u64(n_elements(x)) / traits(x.type).block * element_size(x);
    return (x.type != type && x.nbytes != run) || is_contiguous_above(x, 2);
  };
  if (a.ne[2] == b.ne[2] && a.ne[3] == b.ne[3] && even(a) && even(b)) return;
  s.take(2 * 8 * u64(n));
  s.take(8 * u64(n));
}

/// Kernels that the engine tries for a x b in this order, with what they draw.
inline void take_product(scratch& s, const ggml::tensor& t, const ggml::tensor& a,
                         const ggml::tensor& b, const card& gpu, const engine_rules& rules) {
  const std::int64_t columns = b.ne[1];
  if (b.type != ggml_type::f32) return take_cublas(s, t, a, b, gpu.cc, rules);
  if (takes_mmvf(a, columns, gpu.cc, rules)) return;
  // one row times many columns is a product of the columns with a vector
  if (a.ne[1] == 1 && columns > vector_columns && b.ne[2] * b.ne[3] == 1 &&
      a.type == ggml_type::f32 && is_contiguous(a) && is_contiguous(b) &&
      takes_mmvf(b, 1, gpu.cc, rules))
    return;
  if (takes_mmf(a, columns, false, gpu.cc)) return;
  if (is_quantized(a.type) && columns <= mmvq_columns(a.type, gpu.cc)) return take_mmvq_input(s, b);
  if (!takes_mmq(a.type, false, gpu.cc)) return take_cublas(s, t, a, b, gpu.cc, rules);
  take_mmq(s, mmq_matrix_of(a, gpu.cc, rules), a.ne[1], u64(n_rows(b)), b.ne[0], columns,
           u64(columns), u64(b.ne[2] * b.ne[3]), gpu);
}

}  // namespace detail

/// Scratch of a matrix product.
///
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_mul_mat
[[nodiscard]] inline scratch mul_mat_scratch(const ggml::tensor& t, const card& gpu,
                                             const engine_rules& rules) {
  scratch s;
  const std::int64_t n = t.ne[0];
  const bool transforms =
      t.hadamard && (n == 64 || n == 128 || n == 256 || n == 512) && is_contiguous(*t.src[1]);
  if (!transforms) detail::take_product(s, t, *t.src[0], *t.src[1], gpu, rules);
  return s;
}

/// Scratch of a product with experts. What no kernel takes is sorted by expert and multiplied one expert
/// after the other: at worst all tokens go to one.
///
/// Accuracy: exact, but for the tokens of one expert in the sorted product
/// Source:   llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_mul_mat_id
[[nodiscard]] inline scratch mul_mat_id_scratch(const ggml::tensor& t, const card& gpu,
                                                const engine_rules& rules) {
  using detail::u64;
  const ggml::tensor &a = *t.src[0], &b = *t.src[1];
  const std::int64_t n_tokens = t.ne[2], used = t.ne[1];
  const std::uint64_t rows = u64(n_tokens * used);
  scratch s;
  if (is_quantized(a.type) && n_tokens <= detail::mmvq_tokens(a.type, gpu.cc)) {
    detail::take_mmvq_input(s, b);
    return s;
  }
  const auto take_ids = [&] {
    s.take(4 * rows);
    s.take(4 * rows);
    s.take(4 * u64(a.ne[2] + 1));
  };
  if (detail::takes_mmq(a.type, true, gpu.cc)) {
    take_ids();
    detail::take_mmq(s, detail::mmq_matrix_of(a, gpu.cc, rules), a.ne[1], rows, b.ne[0],
                     rules.pads_by_tokens ? n_tokens : b.ne[1], u64(n_tokens), u64(a.ne[2]), gpu);
    return s;
  }
  if (detail::takes_mmf(a, n_tokens, true, gpu.cc)) {
    if (n_tokens > 16) take_ids();
    return s;
  }
  const bool as_f32 =
      is_quantized(a.type) || (a.type == ggml_type::f16 && (gpu.cc < 600 || gpu.cc == 610));
  ggml::tensor one = a, sorted = b;
  one.ne[2] = 1;
  sorted.type = as_f32 ? ggml_type::f32 : a.type;
  sorted.ne = {b.ne[0], n_tokens, 1, 1};
  sorted.nb[0] = element_size(sorted);
  sorted.nb[1] = sorted.nb[0] * u64(b.ne[0]);
  sorted.nb[2] = sorted.nb[3] = sorted.nb[1] * u64(n_tokens);
  s.take(2 * 4 * rows);
  s.take(rows * u64(b.ne[0]) * element_size(sorted));
  s.take(rows * u64(t.ne[0]) * 4);
  detail::take_product(s, t, one, sorted, gpu, rules);
  return s;
}

}  // namespace vrambudget::cuda
