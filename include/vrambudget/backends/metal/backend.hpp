// The Metal backend as the scheduler and the allocator see it, on a chip of Apple's: unified memory, kernels for
// BF16, and products by groups of threads.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "vrambudget/backends/metal/fusion.hpp"
#include "vrambudget/backends/metal/reorder.hpp"
#include "vrambudget/backends/metal/scratch.hpp"
#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/buffer_type.hpp"

namespace vrambudget::metal {

/// `longest`: maxBufferLength, bytes; 0: not known, and no buffer is too large.
[[nodiscard]] constexpr ggml::buffer_type buffers_of(std::uint64_t longest) {
  return {.alignment = 32, .largest = longest};
}

/// Types of matrices.
/// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-device.m: ggml_metal_supports_mul_mat_op
[[nodiscard]] constexpr bool multiplies_by(ggml_type t) {
  return t != ggml_type::nvfp4 && t != ggml_type::tq1_0;
}

/// The one device of a Mac.
/// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-device.m: ggml_metal_device_supports_op
class backend final : public ggml::backend {
 public:
  explicit backend(std::uint64_t longest) : longest_(longest) {}

  [[nodiscard]] bool supports_op(const ggml::tensor& t) const override {
    using ggml::op;
    const ggml::tensor *a = t.src[0], *b = t.src[1];
    switch (t.op) {
      case op::scale:
      case op::fill:
      case op::clamp:
      case op::sqr:
      case op::sqrt:
      case op::sin:
      case op::cos:
      case op::log:
      case op::unary:
        return is_contiguous_rows(*a) && is_float(*a);
      case op::glu:
        return is_contiguous_above(*a, 1) && is_float(*a);
      case op::concat:
        return a->type == b->type && a->type == t.type && joins(a->type);
      case op::add:
      case op::sub:
      case op::mul:
      case op::div:
      case op::add_id:
        return is_contiguous_rows(*a) && is_contiguous_rows(*b) && is_float(*a) &&
               a->type == b->type;
      case op::tri:
      case op::sum_rows:
      case op::cumsum:
      case op::mean:
      case op::soft_max:
      case op::group_norm:
      case op::l2_norm:
      case op::norm:
      case op::rms_norm:
        return is_contiguous_rows(*a);
      case op::im2col:
        return is_contiguous(*b) && b->type == ggml_type::f32 && is_float(t);
      case op::conv_2d:
        return is_contiguous(*a) && is_float(*a) && is_f32({b, &t});
      case op::conv_2d_dw:
        return is_float(*a) && is_f32({b, &t});
      case op::upscale:
      case op::pool_2d:
        return a->type == ggml_type::f32;
      case op::pool_1d:
        return is_contiguous(*a) && a->type == ggml_type::f32;
      case op::roll:
        return is_contiguous(*a);
      case op::flash_attn_ext:
        return attends(t);
      case op::lightning_indexer:
        return indexes(t);
      case op::hc_comb:
        return a->ne[0] == 24 && b->ne[0] >= 3 && t.src[2]->ne[0] == 24 &&
               are_f32_rows({a, b, t.src[2]});
      case op::hc_pre:
        return are_f32_rows({a, b});
      case op::hc_post:
        return b->ne[1] == 4 && t.src[2]->ne[0] == 4 &&
               (!t.src[3] || (t.src[3]->ne[0] == 4 && t.src[3]->ne[1] == 4)) &&
               are_f32_rows({a, b, t.src[2], t.src[3]});
      case op::gated_delta_net:
        return t.src[2]->ne[0] % 32 == 0;
      case op::gated_linear_attn:
        return false;
      case op::mul_mat:
        return is_hadamard(t) || multiplies(t, true, b->ne[1] > 8);
      case op::mul_mat_id:
        return multiplies(t, false, t.src[2]->ne[1] >= 32);
      case op::set:
      case op::cpy:
      case op::dup:
      case op::cont:
        return copies(a->type, t.type);
      case op::get_rows:
        return multiplies_by(a->type);
      case op::set_rows:
        return a->type == ggml_type::f16
                   ? t.type == ggml_type::f16
                   : a->type == ggml_type::f32 && (attends_to(t.type) || t.type == iq4 || t.type == tq2);
      default:
        return true;
    }
  }

  /// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal.cpp: ggml_backend_metal_device_offload_op
  [[nodiscard]] bool wants_offload(const ggml::tensor& t) const override {
    const bool multiplied = t.op == ggml::op::mul_mat || t.op == ggml::op::mul_mat_id;
    return multiplied && t.ne[t.op == ggml::op::mul_mat ? 1 : 2] >= op_offload_min_batch;
  }

  /// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal.cpp: ggml_backend_metal_buffer_type_get_alloc_size
  [[nodiscard]] std::uint64_t alloc_size(const ggml::tensor& t) const override {
    using ggml::op;
    switch (t.op) {
      case op::mul_mat_id:
        return t.nbytes + detail::experts_scratch(t);
      case op::flash_attn_ext:
        return t.nbytes + detail::flash_attn_scratch(t).size();
      case op::cumsum:
      case op::argsort:
        return 2 * t.nbytes;
      case op::top_k:
        return 2 * sizeof(std::int32_t) * detail::n_elements_of(*t.src[0]);
      default:
        return t.nbytes;
    }
  }
  [[nodiscard]] ggml::buffer_type buffers() const override { return buffers_of(longest_); }

  void optimize(std::span<ggml::tensor*> nodes, ggml::tensor*,
                std::vector<ggml::alloc_dep>& deps) const override {
    const std::size_t n_before = deps.size();
    detail::keep_sources_of_fused(nodes, deps);
    if (const auto* known = ordered_before(nodes)) {
      std::copy(known->begin(), known->end(), nodes.begin());
    } else {
      detail::reorder found(nodes);
      found.run(projects_);
      if (found.depends_on_addresses()) projected_.push_back(found.projected());
    }
    detail::sort_by_end(nodes, deps, n_before);
  }
  void project(bool on, bool same_graph = false) override {
    projects_ = on;
    same_graph_ = same_graph;
    if (!same_graph) projected_.clear();
  }
  [[nodiscard]] bool orders_otherwise() const override { return !projected_.empty(); }

 private:
  using order = std::vector<ggml::tensor*>;

  /// The projection's order of these nodes, if it was found with that of a run; null: it is not the same graph, or one
  /// that does not depend on addresses.
  [[nodiscard]] const order* ordered_before(std::span<ggml::tensor* const> nodes) const {
    if (!projects_ || !same_graph_) return nullptr;
    const auto known = std::find_if(projected_.begin(), projected_.end(), [&](const order& o) {
      return o.size() == nodes.size() && std::find(o.begin(), o.end(), nodes[0]) != o.end();
    });
    return known == projected_.end() ? nullptr : &*known;
  }

  static constexpr ggml_type iq4 = ggml_type::iq4_nl, tq2 = ggml_type::tq2_0;

  static bool is_float(const ggml::tensor& t) {
    return t.type == ggml_type::f32 || t.type == ggml_type::f16;
  }
  static bool is_f32(std::initializer_list<const ggml::tensor*> all) {
    return std::all_of(all.begin(), all.end(),
                       [](const ggml::tensor* t) { return !t || t->type == ggml_type::f32; });
  }
  static bool are_f32_rows(std::initializer_list<const ggml::tensor*> all) {
    return is_f32(all) && std::all_of(all.begin(), all.end(), [](const ggml::tensor* t) {
             return !t || is_contiguous_rows(*t);
           });
  }
  static bool joins(ggml_type t) {
    return detail::attends_to(t) || t == ggml_type::i8 || t == ggml_type::i16 ||
           t == ggml_type::i32 || t == ggml_type::i64;
  }
  static bool attends_to(ggml_type t) { return detail::attends_to(t); }

  static bool attends(const ggml::tensor& t) {
    constexpr std::array<std::int64_t, 14> heads = {32, 40,  48,  64,  72,  80,  96,
                                                    112, 128, 192, 256, 320, 512, 576};
    const ggml::tensor &q = *t.src[0], &k = *t.src[1], &v = *t.src[2];
    if (std::find(heads.begin(), heads.end(), q.ne[0]) == heads.end()) return false;
    if (k.ne[0] == 72 && v.ne[0] != 72) return false;
    return k.ne[0] >= v.ne[0] && k.type == v.type && attends_to(k.type);
  }
  static bool indexes(const ggml::tensor& t) {
    const ggml::tensor &q = *t.src[0], &k = *t.src[1], &weights = *t.src[2], &mask = *t.src[3];
    return q.ne[0] == 128 && q.ne[1] == 64 && are_f32_rows({&q, &weights}) &&
           mask.type == ggml_type::f16 && is_contiguous_rows(k) && is_contiguous_rows(mask) &&
           attends_to(k.type);
  }
  /// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-common.cpp: ggml_metal_op_mul_mat_use_fwht
  static bool is_hadamard(const ggml::tensor& t) {
    const ggml::tensor& b = *t.src[1];
    const std::int64_t n = b.ne[0];
    return t.hadamard && t.src[0]->type == ggml_type::f32 && b.type == ggml_type::f16 &&
           t.type == ggml_type::f32 && is_contiguous(b) && is_contiguous(t) && same_shape(b, t) &&
           (n == 64 || n == 128 || n == 256 || n == 512);
  }
  /// `few_rows_of_halves`: there is a kernel for few rows of F16 times F16. `many`: the tiled kernel is for so many.
  static bool multiplies(const ggml::tensor& t, bool few_rows_of_halves, bool many) {
    const ggml::tensor &a = *t.src[0], &b = *t.src[1];
    if (!multiplies_by(a.type)) return false;
    if (b.type != ggml_type::f16) return true;
    if (a.type == ggml_type::bf16) return false;
    if (few_rows_of_halves && a.type == ggml_type::f16) return true;
    const bool transposed =
        few_rows_of_halves && (a.nb[0] > a.nb[1] || b.nb[0] > b.nb[1]);
    return many && a.ne[0] >= 64 && !transposed;
  }
  static bool copies(ggml_type from, ggml_type to) {
    const bool is_plain = to == ggml_type::f32 || to == ggml_type::f16;
    switch (from) {
      case ggml_type::f32:
        return attends_to(to) || to == ggml_type::q1_0 || to == ggml_type::q2_0 || to == iq4 ||
               to == tq2 || to == ggml_type::i32;
      case ggml_type::bf16:
        return to == ggml_type::f32 || to == ggml_type::bf16;
      case ggml_type::i32:
        return to == ggml_type::f32 || to == ggml_type::i32;
      case ggml_type::q1_0:
      case ggml_type::q2_0:
      case ggml_type::tq2_0:
        return is_plain;
      default:
        return is_plain && attends_to(from);
    }
  }

  std::uint64_t longest_;
  bool projects_ = false, same_graph_ = false;
  mutable std::vector<order> projected_;  ///< of splits whose order is another in a run
};

}  // namespace vrambudget::metal
