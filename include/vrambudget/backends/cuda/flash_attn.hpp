// Which flash attention kernel CUDA takes, and the memory its result needs because of it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::cuda {

/// none: the operation cannot run on this device.
enum class flash_attn_kernel : std::uint8_t { none, tile, vec, mma };

namespace detail {

constexpr bool flash_attn_reads(ggml_type t) {
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

/// The vector kernel is compiled for these pairs only; others are converted to f16 first.
constexpr bool vec_kernel_compiled(ggml_type k, ggml_type v) {
  const auto as_read = [](ggml_type t) { return t == ggml_type::f32 ? ggml_type::f16 : t; };
  k = as_read(k);
  v = as_read(v);
  return k == v && (k == ggml_type::f16 || k == ggml_type::bf16 || k == ggml_type::q4_0 ||
                    k == ggml_type::q8_0);
}

/// Whether queries that share a KV head can be processed together.
inline bool groups_queries(const ggml::tensor& fa, std::int64_t gqa) {
  const ggml::tensor *k = fa.src[1], *mask = fa.src[3];
  if (gqa < 2 || !mask || fa.has_bias || k->ne[1] % 256 != 0) return false;
  for (int i = 0; i < 4; ++i) {
    const ggml::tensor& t = *fa.src[static_cast<std::size_t>(i)];
    if (is_quantized(t.type)) continue;
    for (std::size_t d = 1; d < 4; ++d)
      if (t.nb[d] % 16 != 0) return false;
  }
  return true;
}

/// Whether a kernel exists for the head sizes of K and V.
constexpr bool head_sizes_supported(std::int64_t k, std::int64_t v, std::int64_t gqa,
                                    bool grouped) {
  switch (k) {
    case 40:
    case 64:
    case 72:
    case 80:
    case 96:
    case 112:
    case 128:
    case 256:
      return v == k;
    case 192:
      return v == 128 && grouped && gqa % 8 == 0;
    case 320:
      return v == 256 && grouped && gqa % 32 == 0;
    case 512:
      return v == k && grouped;
    case 576:
      return v == 512 && grouped;
    default:
      return false;
  }
}

/// A decode step that gathers only the cells its mask leaves open.
inline bool gathers_sparse(const ggml::tensor& fa, std::uint32_t cc, std::int64_t gqa,
                           bool grouped) {
  const ggml::tensor *q = fa.src[0], *k = fa.src[1], *v = fa.src[2], *mask = fa.src[3];
  const bool compiled = (k->ne[0] == 512 || k->ne[0] == 256) && v->ne[0] == k->ne[0];
  if (!grouped || gqa <= 4 || !compiled || cc < 750 || fa.n_kv_max <= 0) return false;
  const std::int64_t n_gather = std::min<std::int64_t>(q->ne[1], 8) * fa.n_kv_max;
  return mask->ne[0] == k->ne[1] && mask->ne[1] >= q->ne[1] && mask->ne[2] == 1 &&
         k->ne[1] >= std::max<std::int64_t>(4096, 2 * n_gather);
}

/// Heads that share a KV head and are processed together: the largest power of two among their divisors, up to what
/// kernels of that size have.
constexpr std::int64_t heads_in_group(std::int64_t gqa, std::int64_t head) {
  const std::int64_t most = head == 320 ? 32 : head == 576 || head == 192 ? 16 : 8;
  std::int64_t group = 1;
  while (gqa % (2 * group) == 0 && group < most) group *= 2;
  return group;
}

/// Whether the vector kernel is compiled for heads of that size and can read that many cells.
inline bool has_vector_kernel(const ggml::tensor& fa) {
  const std::int64_t head = fa.src[0]->ne[0];
  return head <= 256 && head % 64 == 0 && head != 192 && fa.src[1]->ne[1] % 256 == 0;
}

}  // namespace detail

/// Whether any kernel computes it, on any card.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_get_best_fattn_kernel
[[nodiscard]] inline bool takes_flash_attn(const ggml::tensor& fa) {
  const ggml::tensor *q = fa.src[0], *k = fa.src[1], *v = fa.src[2], *mask = fa.src[3];
  const std::int64_t gqa = q->ne[2] / k->ne[2];
  return detail::head_sizes_supported(k->ne[0], v->ne[0], gqa, detail::groups_queries(fa, gqa)) &&
         detail::flash_attn_reads(k->type) && detail::flash_attn_reads(v->type) &&
         !(mask && mask->ne[2] != 1);
}

/// The kernel for a flash_attn_ext tensor on a device of compute capability `cc` (860: 8.6).
///
/// Source: llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_get_best_fattn_kernel
[[nodiscard]] inline flash_attn_kernel choose_flash_attn_kernel(const ggml::tensor& fa,
                                                                std::uint32_t cc) {
  if (!takes_flash_attn(fa)) return flash_attn_kernel::none;
  const ggml::tensor *q = fa.src[0], *k = fa.src[1], *v = fa.src[2];
  const std::int64_t gqa = q->ne[2] / k->ne[2], head = q->ne[0], n_q = q->ne[1];
  const bool grouped = detail::groups_queries(fa, gqa), can_vec = detail::has_vector_kernel(fa);
  const bool quantized = is_quantized(k->type) || is_quantized(v->type);
  const bool odd_head = head == 40 || head == 72;
  constexpr std::uint32_t volta = 700, turing = 750, ada = 890;

  if (cc >= turing && !odd_head) {
    if (!can_vec) return flash_attn_kernel::mma;
    if (!quantized) {
      if (cc >= ada && n_q == 1 && q->ne[3] == 1 &&
          !(gqa > 4 && (head >= 256 || k->ne[1] >= 8192)) &&
          !detail::gathers_sparse(fa, cc, gqa, grouped))
        return flash_attn_kernel::vec;
    } else if (n_q <= (cc >= ada ? 2 : 1)) {
      return flash_attn_kernel::vec;
    }
    return !grouped && n_q == 1 ? flash_attn_kernel::vec : flash_attn_kernel::mma;
  }
  if (cc >= volta && !odd_head) {
    const std::int64_t group = detail::heads_in_group(gqa, head);
    if (can_vec && n_q * group <= 2) return flash_attn_kernel::vec;
    return n_q * group <= 16 ? flash_attn_kernel::tile : flash_attn_kernel::mma;
  }
  if (can_vec && (quantized ? n_q <= 2 : n_q == 1 && !grouped)) return flash_attn_kernel::vec;
  return flash_attn_kernel::tile;
}

/// Bytes of the f16 copies of K and V that a kernel wants; 0: it reads them as they are.
struct flash_attn_copies {
  std::uint64_t k = 0, v = 0;
};

/// Formula:  2 * elements
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_flash_attn_ext_get_alloc_size
[[nodiscard]] inline flash_attn_copies copies_for_flash_attn(const ggml::tensor& fa,
                                                             flash_attn_kernel kernel) {
  const ggml::tensor *k = fa.src[1], *v = fa.src[2];
  if (kernel == flash_attn_kernel::none) return {};
  const bool converts =
      kernel != flash_attn_kernel::vec || !detail::vec_kernel_compiled(k->type, v->type);
  const auto needs_copy = [&](ggml_type t) {
    return t != ggml_type::f16 && (converts || t == ggml_type::f32);
  };
  const auto copy = [](const ggml::tensor& t) {
    return 2 * static_cast<std::uint64_t>(n_elements(t));
  };
  flash_attn_copies c;
  if (needs_copy(k->type)) c.k = copy(*k);
  if (needs_copy(v->type) && !begins_in(*v, *k)) c.v = copy(*v);
  return c;
}

/// Bytes of the result with those copies behind it.
///
/// Formula:  nbytes [padded to 128 + copy of K] [padded to 128 + copy of V]
/// Accuracy: exact
/// Source:   llama.cpp, ggml/src/ggml-cuda/fattn.cu: ggml_cuda_flash_attn_ext_get_alloc_size
[[nodiscard]] inline std::uint64_t flash_attn_alloc_size(const ggml::tensor& fa,
                                                         flash_attn_kernel kernel) {
  const flash_attn_copies c = copies_for_flash_attn(fa, kernel);
  std::uint64_t size = fa.nbytes;
  for (const std::uint64_t copy : {c.k, c.v})
    if (copy) size = pad(bytes{size}, 128).count + copy;
  return size;
}

}  // namespace vrambudget::cuda
