// Which matrix products hipBLAS computes, from halves that a ROCm context keeps beside its buffers.
#pragma once

#include <cstdint>

#include "vrambudget/backends/cuda/mmq.hpp"
#include "vrambudget/backends/hip/architecture.hpp"
#include "vrambudget/ggml/type.hpp"

namespace vrambudget::hip {

/// Whether quantized matrices times `n_columns` of a batch are multiplied as they are; else they are made halves.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/mmq.cu: ggml_cuda_should_use_mmq
[[nodiscard]] constexpr bool takes_mmq(ggml_type t, std::uint64_t n_expert, std::uint64_t n_columns,
                                       gfx a) {
  if (!cuda::detail::has_mmq(t)) return false;
  if (is_vega(a)) return n_expert > 0;
  if (is_cdna(a)) {
    if (is_cdna3(a) || n_expert > 64 || n_columns <= 128) return true;
    const bool by_fours = t == ggml_type::q4_0 || t == ggml_type::q4_1 || t == ggml_type::q5_0 ||
                          t == ggml_type::q5_1;
    return by_fours || (n_columns <= 256 && (t == ggml_type::q4_k || t == ggml_type::q5_k));
  }
  if (!is_rdna3(a) || n_expert >= 64) return true;
  switch (t) {
    case ggml_type::q2_k:
      return n_columns <= 128;
    case ggml_type::q6_k:
      return n_columns <= (is_rdna3_5(a) ? 256 : 128);
    case ggml_type::iq2_xs:
    case ggml_type::iq2_s:
      return is_rdna3_5(a) || n_columns <= 128;
    default:
      return true;
  }
}

}  // namespace vrambudget::hip
