// Kernels that CUDA fuses read some tensors later than the graph says; the scheduler is asked to
// keep those. This finds the patterns that matter, all in mixture-of-experts layers.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/closed_nodes.hpp"

namespace vrambudget::cuda::detail {

using ggml::op;
using ggml::tensor;
using nodes_view = std::span<tensor* const>;

using ggml::is_closed;

/// experts * weights [* scale], summed over the experts used: the length of the pattern at `nodes[0]`, or 0.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_match_moe_weighted_reduction
class weighted_reduction {
 public:
  static std::size_t match(nodes_view nodes, std::vector<ggml::alloc_dep>& deps) {
    const tensor* first = nodes[0];
    if (first->op != op::mul || first->type != ggml_type::f32 || !is_contiguous(*first)) return 0;
    const tensor* weighted = first;
    factors route{}, scale{};
    if (nodes.size() > 1 && nodes[1]->op == op::mul && is_contiguous(*nodes[1])) {
      const factors second = split(*nodes[1]);
      if (second.experts == first) {
        scale = split(*first);
        if (scale.experts) weighted = nodes[1], route = second;
      }
    }
    if (weighted == first) route = split(*first);
    if (!route.experts) return 0;

    const std::int64_t k = weighted->ne[1];
    const std::size_t n_mul = weighted == first ? 1 : 2;
    if (k < 2 || k > 15 || weighted->ne[2] * weighted->ne[3] <= 0) return 0;
    const std::size_t length = 2 * static_cast<std::size_t>(k) + n_mul - 1;
    if (nodes.size() < length) return 0;
    nodes = nodes.first(length);
    if (!sums_views(nodes.subspan(n_mul), *weighted)) return 0;
    const tensor* out = nodes.back();
    if (!is_closed(nodes, std::span(&out, 1))) return 0;

    deps.push_back({nodes.back(), n_mul == 2 ? scale.experts : route.experts});
    deps.push_back({nodes.back(), route.weights});
    if (n_mul == 2) deps.push_back({nodes.back(), scale.weights});
    return length;
  }

 private:
  struct factors {
    tensor *experts = nullptr, *weights = nullptr;
  };

  /// The two sources of a product, if one has its shape and the other is one number per row.
  static factors split(const tensor& mul) {
    const auto full = [&](const tensor& t) {
      return t.type == ggml_type::f32 && is_contiguous(t) && same_shape(t, mul);
    };
    const auto per_row = [&](const tensor& t) {
      return t.type == ggml_type::f32 && is_contiguous(t) && t.ne[0] == 1 && t.ne[1] == mul.ne[1] &&
             t.ne[2] == mul.ne[2] && t.ne[3] == mul.ne[3];
    };
    tensor *a = mul.src[0], *b = mul.src[1];
    if (full(*a) && per_row(*b)) return {a, b};
    if (full(*b) && per_row(*a)) return {b, a};
    return {};
  }

  /// One view per expert, and a chain of additions over them in order.
  static bool sums_views(nodes_view nodes, const tensor& weighted) {
    std::array<const tensor*, 15> views{};
    std::size_t n_views = 0, n_adds = 0;
    const tensor* sum = nullptr;
    for (const tensor* t : nodes) {
      if (t->op == op::view) {
        if (n_views >= static_cast<std::size_t>(weighted.ne[1]) || t->view_src != &weighted ||
            t->ne[0] != weighted.ne[0] || t->ne[1] != weighted.ne[2] * weighted.ne[3] ||
            t->ne[2] != 1 || t->ne[3] != 1 || t->nb[1] != weighted.nb[2] ||
            t->view_offs != n_views * weighted.nb[1])
          return false;
        views[n_views++] = t;
      } else {
        if (t->op != op::add || n_views < 2 || n_adds + 1 >= n_views) return false;
        if (t->src[0] != (n_adds == 0 ? views[0] : sum) || t->src[1] != views[n_adds + 1])
          return false;
        sum = t;
        ++n_adds;
      }
    }
    return sum && static_cast<std::int64_t>(n_views) == weighted.ne[1] && n_adds + 1 == n_views;
  }
};

/// Router of a mixture of experts, from the gate's activation to the weights of the experts used.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_topk_moe_fusion, topk-moe.cu
class topk_router {
 public:
  /// The length of the pattern at the start of `nodes`, or 0. Its tensors are kept until the node after it,
  /// in whatever split that is. `after`: what is computed after `nodes`.
  static std::size_t match(nodes_view nodes, tensor* after, std::vector<ggml::alloc_dep>& deps) {
    std::size_t i = activation(*nodes[0], nodes);
    if (i == 0) return 0;
    const tensor* probs = nodes[i - 1];
    const auto next_is = [&](op o) { return i < nodes.size() && nodes[i]->op == o; };
    const auto follows = [&](op o) { return next_is(o) && nodes[i]->src[0] == nodes[i - 1]; };

    if (!follows(op::reshape)) return 0;
    const tensor* reshaped = nodes[i++];
    const tensor* selection = probs;
    if (next_is(op::add) && nodes[i]->src[0] == probs) selection = nodes[i++];
    if (!next_is(op::argsort) || nodes[i]->src[0] != selection) return 0;
    ++i;
    if (!follows(op::view)) return 0;
    const tensor* ids = nodes[i++];
    if (!next_is(op::get_rows) || nodes[i]->src[0] != reshaped || nodes[i]->src[1] != ids) return 0;
    ++i;
    i = after_norm(nodes, i);
    if (follows(op::scale)) ++i;

    const tensor* weights = nodes[i - 1];
    const std::array<const tensor*, 2> outputs{ids, weights};
    tensor* until = i < nodes.size() ? nodes[i] : after;
    if (!until || (i == nodes.size() && until->op == op::scale && until->src[0] == weights) ||
        !is_closed(nodes.first(i), outputs) || !kernel_exists(*nodes[0], *weights, *ids))
      return 0;
    for (std::size_t n = 0; n < i; ++n) {
      deps.push_back({until, nodes[n]});
      for (int s = 0; s < nodes[n]->n_src; ++s)
        if (tensor* t = nodes[n]->src[static_cast<std::size_t>(s)]) deps.push_back({until, t});
    }
    return i;
  }

 private:
  /// Nodes that the gate's activation takes: softmax or sigmoid 1, sqrt(softplus) 2, others 0.
  static std::size_t activation(const tensor& t, nodes_view nodes) {
    if (t.op == op::soft_max) return 1;
    if (t.op != op::unary) return 0;
    if (t.unary_op == ggml::unary::sigmoid) return 1;
    return t.unary_op == ggml::unary::softplus && nodes.size() > 1 && nodes[1]->op == op::sqrt &&
                   nodes[1]->src[0] == &t
               ? 2
               : 0;
  }

  /// Past reshape, sum_rows, clamp, div, reshape, if they follow completely.
  static std::size_t after_norm(nodes_view nodes, std::size_t i) {
    constexpr std::array<op, 5> norm{op::reshape, op::sum_rows, op::clamp, op::div, op::reshape};
    if (nodes.size() < i + norm.size()) return i;
    for (std::size_t n = 0; n < norm.size(); ++n) {
      const tensor* t = nodes[i + n];
      const tensor* reads = n == 3 ? t->src[1] : t->src[0];
      if (t->op != norm[n] || reads != nodes[i + n - 1]) return i;
    }
    return nodes[i + 3]->src[0] == nodes[i] ? i + norm.size() : i;
  }

  static bool kernel_exists(const tensor& gate, const tensor& weights, const tensor& ids) {
    const std::uint64_t n_expert = ids.nb[1] / ids.nb[0];
    const bool power_of_two = (n_expert & (n_expert - 1)) == 0 && n_expert <= 512;
    if (!power_of_two && n_expert != 288 && n_expert != 576) return false;
    if (!is_contiguous(weights) || !is_contiguous(*gate.src[0])) return false;
    return gate.op != op::soft_max || (!gate.has_bias && !gate.src[1] && !gate.src[2]);
  }
};

/// Gate, up and their product of the experts that a router chose, and of the one that all tokens share, if
/// one kernel can compute both: two triples of nodes that read the same hidden state.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_cuda_match_shared_expert
class shared_expert {
 public:
  static constexpr std::size_t n_nodes = 3;

  /// `routed`, `shared`: the triples, each from its first node on.
  static bool matches(nodes_view routed, nodes_view shared) {
    const std::array<tensor*, 2 * n_nodes> all{routed[0], routed[1], routed[2],
                                               shared[0], shared[1], shared[2]};
    if (!is_gated(routed, op::mul_mat_id) || !is_gated(shared, op::mul_mat)) return false;
    const std::array<const tensor*, 2> outputs{routed[2], shared[2]};
    if (!is_closed(all, outputs)) return false;
    const tensor &w = *routed[2]->src[1]->src[0], &of_all = *shared[2]->src[1]->src[0];
    const tensor& in = *routed[2]->src[1]->src[1];
    const tensor& x = *shared[2]->src[1]->src[1];
    return w.home >= 0 && is_quantized(w.type) &&  // no copy of a weight that lies elsewhere
           in.op == op::reshape && in.src[0] == &x && in.ne[1] == 1 && in.ne[3] == 1 &&
           is_contiguous(in) && is_contiguous(x) && is_matrix(x) && w.type == of_all.type &&
           w.ne[0] == of_all.ne[0] && w.ne[1] == of_all.ne[1] && w.nb[1] == of_all.nb[1] &&
           w.ne[3] == 1 && is_matrix(of_all) && is_contiguous(of_all) && of_all.op == op::none;
  }

 private:
  static bool is_matrix(const tensor& t) { return t.ne[2] == 1 && t.ne[3] == 1; }

  /// Two products of one input, by weights of one layout, and what gates one with the other.
  static bool is_gated(nodes_view n, op product) {
    if (n[0]->op != product || n[1]->op != product || n[2]->op != op::glu) return false;
    const tensor *gate = n[2]->src[0], *up = n[2]->src[1];
    if (!((gate == n[0] && up == n[1]) || (gate == n[1] && up == n[0]))) return false;
    return same_layout(*gate->src[0], *up->src[0]) && gate->src[1] == up->src[1] &&
           gate->src[2] == up->src[2] && is_contiguous(*n[2]);
  }
};

/// Moves each shared expert that `shared_expert` matches right behind the routed ones, and gives what it
/// ends with: until then the input and the choice of experts are read.
///
/// Source: llama.cpp, ggml/src/ggml-cuda/ggml-cuda.cu: ggml_backend_cuda_graph_optimize
inline std::vector<tensor*> group_shared_experts(std::span<tensor*> nodes) {
  constexpr std::size_t n = shared_expert::n_nodes;
  std::vector<tensor*> last;
  const auto is_routed = [&](std::size_t i) { return nodes[i]->op == op::mul_mat_id; };
  for (std::size_t i = 0; i + 2 * n <= nodes.size(); ++i) {
    if (!is_routed(i)) continue;
    for (std::size_t j = i + n; j + n <= nodes.size(); ++j) {
      if (is_routed(j) && is_routed(j + 1)) break;
      if (nodes[j]->op != op::mul_mat ||
          !shared_expert::matches(nodes.subspan(i, n), nodes.subspan(j, n)))
        continue;
      const auto at = nodes.begin();
      std::rotate(at + static_cast<std::ptrdiff_t>(i + n), at + static_cast<std::ptrdiff_t>(j),
                  at + static_cast<std::ptrdiff_t>(j + n));
      last.push_back(nodes[i + 2 * n - 1]);
      i += 2 * n - 1;
      break;
    }
  }
  return last;
}

}  // namespace vrambudget::cuda::detail
