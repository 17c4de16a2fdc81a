// The Vulkan backend as the scheduler and the allocator see it. What it can compute depends on limits of the
// device's driver; the rest is as on any device of the last ten years: halves, subgroups, Vulkan's memory model.
#pragma once

#include <algorithm>
#include <cstdint>

#include "vrambudget/backends/op_offload.hpp"
#include "vrambudget/backends/vulkan/mul_mat.hpp"
#include "vrambudget/backends/vulkan/reorder.hpp"
#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/buffer_type.hpp"

namespace vrambudget::vulkan {

/// What a driver tells of a device.
struct limits {
  std::uint64_t alignment = 16;                             ///< minStorageBufferOffsetAlignment
  std::uint64_t host_alignment = 4096;                      ///< minMemoryMapAlignment
  std::uint64_t allocation = (std::uint64_t{1} << 32) - 4;  ///< maxMemoryAllocationSize
  std::uint64_t buffer = (std::uint64_t{1} << 32) - 4;      ///< maxBufferSize
  /// maxStorageBufferRange; 0: shaders index with 64 bits, and no range is too large.
  std::uint64_t range = (std::uint64_t{1} << 32) - 1;
  bool has_fp16 = true;  ///< arithmetic of halves
};

/// Formula:  the largest buffer: min(1 GiB, maxMemoryAllocationSize, maxBufferSize)
/// Source:   llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_get_device
[[nodiscard]] constexpr std::uint64_t largest_buffer(const limits& l) {
  return std::min({(1_GiB).count, l.allocation, l.buffer});
}
[[nodiscard]] constexpr ggml::buffer_type buffers_of(const limits& l) {
  return {.alignment = l.alignment, .largest = largest_buffer(l)};
}
/// Pinned memory of the host, which belongs to the first device.
[[nodiscard]] constexpr ggml::buffer_type host_buffers_of(const limits& l) {
  return {.alignment = l.host_alignment, .largest = largest_buffer(l)};
}
/// What each buffer of the host has besides, once it is allocated.
inline constexpr bytes host_buffer_tail{32};

/// Types of matrices.
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_backend_vk_device_supports_op
[[nodiscard]] constexpr bool multiplies_by(ggml_type t) {
  switch (t) {
    case ggml_type::q8_1:
    case ggml_type::q8_k:
    case ggml_type::i8:
    case ggml_type::i16:
    case ggml_type::i32:
    case ggml_type::i64:
    case ggml_type::f64:
      return false;
    default:
      return true;
  }
}
/// Types of a KV cache that flash attention reads.
[[nodiscard]] constexpr bool attends_to(ggml_type t) {
  switch (t) {
    case ggml_type::f32:
    case ggml_type::f16:
    case ggml_type::bf16:
    case ggml_type::q8_0:
    case ggml_type::q5_1:
    case ggml_type::q5_0:
    case ggml_type::q4_1:
    case ggml_type::q4_0:
    case ggml_type::iq4_nl:
      return true;
    default:
      return false;
  }
}

/// One Vulkan device.
class backend final : public ggml::backend {
 public:
  /// `id`: the backend's number. `n_backends`: devices and CPU.
  backend(int id, int n_backends, const limits& l) : id_(id), cpu_(n_backends - 1), limits_(l) {}

  [[nodiscard]] bool supports_op(const ggml::tensor& t) const override {
    using ggml::op;
    for (int i = 0; i < t.n_src; ++i) {
      const ggml::tensor* s = t.src[static_cast<std::size_t>(i)];
      if (!s) continue;
      if (s->home >= 0 && s->home != id_ && s->home != cpu_) return false;
      if (!takes_size(s->nbytes)) return false;
    }
    if (!takes_size(t.nbytes)) return false;
    const ggml::tensor *a = t.src[0], *b = t.src[1];
    switch (t.op) {
      case op::unary:
      case op::sqr:
      case op::sqrt:
      case op::sin:
      case op::cos:
      case op::clamp:
      case op::log:
      case op::tri:
      case op::diag:
        return is_float(*a) && t.type == a->type;
      case op::glu:
        return is_float(*a) && t.type == a->type && (!b || b->type == a->type);
      case op::mul_mat:
      case op::mul_mat_id:
        return multiplies(t);
      case op::flash_attn_ext:
        return attends(t);
      case op::get_rows:
        return multiplies_by(a->type) || a->type == ggml_type::i32;
      case op::set_rows:
        return is_float(*a) && stores(t.type);
      case op::cont:
      case op::cpy:
      case op::dup:
        return copies(*a, b ? b->type : a->type, t);
      case op::repeat: {
        const std::uint64_t size = traits(t.type).block_bytes;
        return size == traits(a->type).block_bytes && (size == 4 || size == 2);
      }
      case op::rope:
        return is_contiguous_rows(t) && is_contiguous_rows(*a);
      case op::group_norm:
      case op::scale:
      case op::soft_max:
      case op::argmax:
        return is_contiguous(*a) && a->type == ggml_type::f32;
      case op::norm:
      case op::l2_norm:
        return a->type == ggml_type::f32 && t.type == ggml_type::f32;
      case op::add:
      case op::sub:
      case op::mul:
      case op::div:
        return is_float(*a) && is_float(*b) && is_float(t);
      case op::argsort:
      case op::top_k:
        return is_contiguous(t) && is_contiguous(*a);
      case op::concat:
        return a->type == b->type &&
               (!is_quantized(a->type) || (is_contiguous_rows(*a) && is_contiguous_rows(*b)));
      case op::fill:
        return is_float(t);
      case op::pad:
      case op::roll:
      case op::upscale:
      case op::ssm_conv:
        return a->type == ggml_type::f32;
      case op::sum_rows:
      case op::mean:
      case op::cumsum:
        return a->type == ggml_type::f32 && is_contiguous_rows(*a);
      case op::im2col:
        return is_contiguous(*b) && b->type == ggml_type::f32 && is_float(t);
      case op::conv_2d:
        return is_float(*a) && b->type == ggml_type::f32 && is_contiguous(*a) && is_contiguous(*b);
      case op::conv_2d_dw:
        return is_float(*a) && b->type == ggml_type::f32;
      case op::pool_1d:
      case op::pool_2d:
        return is_contiguous(*a) && a->type == ggml_type::f32;
      case op::gated_linear_attn:
        return a->ne[0] == 64;
      case op::gated_delta_net: {
        const std::int64_t head = t.src[2]->ne[0];
        return head == 16 || head == 32 || head == 64 || head == 128;
      }
      case op::ssm_scan:
        return scans(a->ne[0], a->ne[1], t.src[3]->ne[0] == 1);
      case op::lightning_indexer:
        return indexes(t);
      case op::hc_pre:
        return a->ne[1] == n_streams;
      case op::hc_post:
        return b->ne[1] == n_streams;
      default:
        return true;
    }
  }

  [[nodiscard]] bool wants_offload(const ggml::tensor& t) const override {
    return is_large_batch(t);
  }
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override { return t.nbytes; }
  [[nodiscard]] ggml::buffer_type buffers() const override { return buffers_of(limits_); }
  void optimize(std::span<ggml::tensor*> nodes, ggml::tensor*,
                std::vector<ggml::alloc_dep>& deps) const override {
    detail::reorder(nodes, deps).run();
  }

  /// Only the scan of Mamba 2 has a kernel.
  [[nodiscard]] static bool scans(std::int64_t d_state, std::int64_t head_dim, bool one_decay) {
    return one_decay && (d_state == 128 || d_state == 256) && head_dim % 16 == 0;
  }
  /// Whether a tensor can be bound to a kernel.
  [[nodiscard]] bool takes_size(std::uint64_t n) const {
    return n <= limits_.buffer && (limits_.range == 0 || n <= limits_.range);
  }

 private:
  static constexpr std::int64_t n_streams = 4;  ///< that kernels of hyper-connections have

  static bool is_float(const ggml::tensor& t) {
    return t.type == ggml_type::f32 || t.type == ggml_type::f16;
  }
  static bool multiplies(const ggml::tensor& t) {
    const bool by_id = t.op == ggml::op::mul_mat_id;
    const ggml::tensor &a = *t.src[0], &b = *t.src[1], &rows = by_id ? *t.src[2] : a;
    if ((by_id && t.f32_source) || !multiplies_by(a.type) || rows.ne[3] != b.ne[3]) return false;
    if (!is_packed(a) && !is_float(a) && a.type != ggml_type::bf16) return false;
    if (!is_packed(b) && !is_float(b)) return false;
    return a.type != ggml_type::bf16 || b.type != ggml_type::f16;
  }
  static bool attends(const ggml::tensor& t) {
    const ggml::tensor &k = *t.src[1], &v = *t.src[2];
    return k.ne[0] % 8 == 0 && v.ne[0] % 8 == 0 && attends_to(k.type) && attends_to(v.type) &&
           (k.type == ggml_type::bf16) == (v.type == ggml_type::bf16);
  }
  static bool stores(ggml_type t) {
    return attends_to(t) || t == ggml_type::q1_0 || t == ggml_type::q2_0;
  }
  static bool copies(const ggml::tensor& a, ggml_type to, const ggml::tensor& t) {
    if (a.type == ggml_type::f32 && (stores(to) || to == ggml_type::i32)) return true;
    if (to == ggml_type::f32 && (stores(a.type) || a.type == ggml_type::i32)) return true;
    if (a.type != to) return false;
    return (!is_quantized(a.type) || (is_contiguous(a) && is_contiguous(t))) &&
           traits(a.type).block_bytes % 2 == 0;
  }
  [[nodiscard]] bool indexes(const ggml::tensor& t) const {
    if (!limits_.has_fp16 || t.src[0]->ne[0] != 128 || !attends_to(t.src[1]->type)) return false;
    for (const ggml::tensor* s : {t.src[0], t.src[1], t.src[2], t.src[3]}) {
      if (!s) continue;
      if (s->nb[0] != element_size(*s) || s->view_offs % limits_.alignment != 0) return false;
      for (std::size_t d = 1; d < 4; ++d)
        if (s->nb[d] % element_size(*s) != 0) return false;
    }
    return true;
  }

  int id_, cpu_;
  limits limits_;
};

}  // namespace vrambudget::vulkan
