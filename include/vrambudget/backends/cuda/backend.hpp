// The CUDA backend as the scheduler and the allocator see it: what it can compute, what it takes
// over from the CPU, and how much room a tensor needs in its buffers.
#pragma once

#include <cstdint>

#include "vrambudget/backends/cuda/flash_attn.hpp"
#include "vrambudget/backends/cuda/fusion.hpp"
#include "vrambudget/backends/cuda/pool.hpp"
#include "vrambudget/backends/op_offload.hpp"
#include "vrambudget/engine/rules.hpp"
#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/buffer_type.hpp"

namespace vrambudget::cuda {

/// Of weights, caches and graphs.
inline constexpr ggml::buffer_type buffers{.alignment = 128, .row_group = 512};

/// Types CUDA can multiply by, and look rows up in.
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_backend_cuda_device_supports_op
[[nodiscard]] constexpr bool multiplies_by(ggml_type t) {
  switch (t) {
    case ggml_type::tq1_0:
    case ggml_type::tq2_0:
    case ggml_type::q8_1:
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
[[nodiscard]] constexpr bool gets_rows_of(ggml_type t, std::int64_t ne0) {
  switch (t) {
    case ggml_type::iq4_nl:
    case ggml_type::mxfp4:
      return ne0 % 256 == 0;
    case ggml_type::i32:
      return true;
    case ggml_type::nvfp4:
    case ggml_type::q8_k:
      return false;
    default:
      return multiplies_by(t);
  }
}

/// State sizes that a scan of Mamba 2 has kernels for.
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_backend_cuda_device_supports_op
[[nodiscard]] constexpr bool scans_state(std::int64_t d_state, const engine_rules& r) {
  return d_state == 128 || d_state == 256 || (d_state == 96 && r.scans_96);
}

/// The lowest compute capability whose buffers are the same as those of `cc`: kernels of flash attention,
/// and with them the copies they want, change at these. Pools are not: those are each card's own.
[[nodiscard]] constexpr std::uint32_t same_buffers_from(std::uint32_t cc) {
  for (const std::uint32_t first : {890u, 750u, 700u})
    if (cc >= first) return first;
  return 0;
}

/// One CUDA device.
class backend final : public ggml::backend {
 public:
  /// `id`: the backend's number. `cc`: compute capability times 100. `n_backends`: devices and CPU.
  backend(int id, std::uint32_t cc, int n_backends, const engine_rules& r)
      : id_(id), cc_(cc), cpu_(n_backends - 1), rules_(r) {}

  [[nodiscard]] bool supports_op(const ggml::tensor& t) const override {
    using ggml::op;
    for (int i = 0; i < t.n_src; ++i) {
      const ggml::tensor* s = t.src[static_cast<std::size_t>(i)];
      if (s && s->home >= 0 && s->home != id_ && s->home != cpu_) return false;
    }
    const ggml::tensor* a = t.src[0];
    switch (t.op) {
      case op::unary:
        return is_contiguous(*a);
      case op::glu:
        return is_contiguous_above(*a, 1);
      case op::mul_mat:
      case op::mul_mat_id:
        return multiplies(t);
      case op::get_rows:
        return gets_rows_of(a->type, a->ne[0]);
      case op::add:
      case op::sub:
      case op::mul:
      case op::div:
        return is_float(*a) && is_float(*t.src[1]) && is_float(t);
      case op::norm:
      case op::rms_norm:
      case op::l2_norm:
      case op::sum_rows:
      case op::mean:
        return is_contiguous_rows(*a);
      case op::group_norm:
        return is_contiguous(*a);
      case op::rope:
      case op::rope_back:
        return a->nb[0] == element_size(*a) && is_contiguous_above(*a, 2);
      case op::cpy:
        return copies(*a, *t.src[1]);
      case op::repeat:
        return is_float(*a);
      case op::concat:
        return a->type == t.src[1]->type && (!is_quantized(a->type) || is_contiguous(*a));
      case op::ssm_conv:
        return a->ne[1] % 128 == 0;
      case op::ssm_scan:
        return scans(t);
      case op::im2col:
      case op::conv_2d:
        return is_contiguous(*a) && is_contiguous(*t.src[1]);
      case op::conv_2d_dw:
        return a->type == ggml_type::f32 ||
               (a->type == ggml_type::f16 && rules_.convolves_f16_depthwise);
      case op::roll:
        return a->type == ggml_type::f32 && is_contiguous(*a);
      case op::lightning_indexer:
        return indexes(t);
      case op::flash_attn_ext:
        return choose_flash_attn_kernel(t, cc_) != flash_attn_kernel::none;
      default:
        return true;
    }
  }

  [[nodiscard]] bool wants_offload(const ggml::tensor& t) const override {
    return is_large_batch(t);
  }

  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override {
    if (t.op == ggml::op::flash_attn_ext && !rules_.flash_attn_copies_in_pool)
      return flash_attn_alloc_size(t, choose_flash_attn_kernel(t, cc_));
    return t.nbytes + cuda::buffers.row_padding(t.type, static_cast<std::uint64_t>(t.ne[0])).count;
  }

  [[nodiscard]] ggml::buffer_type buffers() const override { return cuda::buffers; }

  void optimize(std::span<ggml::tensor*> nodes, ggml::tensor* after,
                std::vector<ggml::alloc_dep>& deps) const override {
    using ggml::op;
    if (!rules_.keeps_fused_sources) return;
    std::vector<ggml::tensor*> shared;
    if (rules_.groups_shared_expert) shared = detail::group_shared_experts(nodes);
    auto next = shared.begin();
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      if (next != shared.end() && *next == nodes[i]) {
        const ggml::tensor& routed = *nodes[i - 3]->src[1];
        deps.push_back({*next, routed.src[1]});
        deps.push_back({*next, routed.src[2]});
        ++next;
      } else if (nodes[i]->op == op::mul) {
        if (const std::size_t n = detail::weighted_reduction::match(nodes.subspan(i), deps))
          i += n - 1;
      } else if (nodes[i]->op == op::unary || nodes[i]->op == op::soft_max) {
        if (const std::size_t n = detail::topk_router::match(nodes.subspan(i), after, deps))
          i += n - 1;
      }
    }
  }

 private:
  static bool is_float(const ggml::tensor& t) {
    return t.type == ggml_type::f32 || t.type == ggml_type::f16;
  }
  static bool multiplies(const ggml::tensor& t) {
    const ggml::tensor &a = *t.src[0], &b = *t.src[1];
    return !t.f32_source && a.nb[0] == element_size(a) && b.nb[0] == element_size(b) &&
           multiplies_by(a.type) && (b.type != ggml_type::f16 || a.type == ggml_type::f16);
  }
  static bool copies(const ggml::tensor& a, const ggml::tensor& b) {
    const auto plain = [](ggml_type t) {
      return t == ggml_type::f32 || t == ggml_type::f16 || t == ggml_type::bf16;
    };
    const auto via_f32 = [](ggml_type t) {
      return t == ggml_type::q8_0 || t == ggml_type::q4_0 || t == ggml_type::q4_1 ||
             t == ggml_type::q5_0 || t == ggml_type::q5_1 || t == ggml_type::i32;
    };
    if (plain(a.type) && plain(b.type)) return true;
    if (a.type == ggml_type::f32 && (via_f32(b.type) || b.type == ggml_type::iq4_nl)) return true;
    if (b.type == ggml_type::f32 && via_f32(a.type)) return true;
    if (a.type == ggml_type::i32 && b.type == ggml_type::i32) return true;
    return a.type == b.type && is_contiguous(a) && is_contiguous(b);
  }
  /// Source: llama.cpp, ggml/src/ggml-cuda/lightning-indexer.cu: ggml_cuda_lightning_indexer_supported
  [[nodiscard]] bool indexes(const ggml::tensor& t) const {
    const ggml::tensor &q = *t.src[0], &k = *t.src[1];
    const auto aligned = [](const ggml::tensor& s) {
      return is_quantized(s.type) || (s.nb[1] % 16 == 0 && s.nb[2] % 16 == 0 && s.nb[3] % 16 == 0);
    };
    const bool n_head =
        q.ne[1] == 64 || q.ne[1] == 32 || (q.ne[1] == 4 && rules_.indexes_four_heads);
    return q.ne[0] == 128 && n_head && aligned(q) && aligned(k) && detail::flash_attn_reads(k.type);
  }
  [[nodiscard]] bool scans(const ggml::tensor& t) const {
    const ggml::tensor &s = *t.src[0], &decay = *t.src[3];
    if (decay.ne[0] == 1) return scans_state(s.ne[0], rules_) && s.ne[1] % 16 == 0;
    return s.ne[0] == 16 && s.ne[1] == 1 && s.ne[2] % 128 == 0 && t.src[4]->ne[1] == 1;
  }

  int id_;
  std::uint32_t cc_;
  int cpu_;
  engine_rules rules_;
};

}  // namespace vrambudget::cuda
