// Which flash attention kernel llama.cpp takes on an AMD card.
#pragma once

#include <cstdint>

#include "vrambudget/backends/cuda/flash_attn.hpp"
#include "vrambudget/backends/hip/architecture.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::hip {

/// Whether matrix instructions outrun the tiled kernel. `n_grouped`: queries times the heads that share a KV head.
constexpr bool multiplies_matrices(std::int64_t head, std::int64_t n_grouped, bool grouped, gfx a) {
  if (head > 256 || head == 40 || head == 72) return false;
  if (is_cdna(a)) return n_grouped > (head <= 64 ? 8 : head <= 128 ? 16 : 64);
  return has_wmma(a) && grouped && n_grouped > (head <= 128 ? 8 : 16);
}

/// The kernel for a flash_attn_ext tensor that CUDA's rules take.
///
/// Accuracy: exact by the source; not compared with a card
/// Source:   llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_get_best_fattn_kernel
[[nodiscard]] inline cuda::flash_attn_kernel choose_flash_attn_kernel(const ggml::tensor& fa,
                                                                      gfx a) {
  using cuda::flash_attn_kernel;
  const ggml::tensor *q = fa.src[0], *k = fa.src[1], *v = fa.src[2];
  if (!cuda::takes_flash_attn(fa)) return flash_attn_kernel::none;
  const std::int64_t gqa = q->ne[2] / k->ne[2], head = q->ne[0], n_q = q->ne[1];
  const bool grouped = cuda::detail::groups_queries(fa, gqa);
  if (multiplies_matrices(head, n_q * cuda::detail::heads_in_group(gqa, head), grouped, a))
    return flash_attn_kernel::mma;
  const bool quantized = is_quantized(k->type) || is_quantized(v->type);
  if (cuda::detail::has_vector_kernel(fa) && (quantized ? n_q <= 2 : n_q == 1 && !grouped))
    return flash_attn_kernel::vec;
  return flash_attn_kernel::tile;
}

}  // namespace vrambudget::hip
