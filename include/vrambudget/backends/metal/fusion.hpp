// Kernels of several nodes that Metal has. Nodes of one are reordered together, and what it reads is kept until its last
// node, even where only the operations follow each other as in such a kernel.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/closed_nodes.hpp"

namespace vrambudget::metal::detail {

using ggml::op;
using ggml::tensor;
using nodes_view = std::span<tensor* const>;

inline constexpr std::size_t longest_kernel = 16;  ///< nodes
inline constexpr std::size_t longest_sum = 7, most_experts = 8;

/// A router: softmax, the experts used and their weights, perhaps normalized, perhaps scaled.
inline constexpr std::array router = {op::soft_max, op::reshape, op::argsort,  op::view,
                                      op::get_rows, op::reshape, op::sum_rows, op::clamp,
                                      op::div,      op::reshape};
inline constexpr std::size_t router_without_norm = 5;
inline constexpr std::array snake = {op::mul, op::sin, op::sqr, op::mul, op::add};

[[nodiscard]] inline bool begins_with(nodes_view nodes, std::span<const op> ops) {
  return nodes.size() >= ops.size() &&
         std::equal(ops.begin(), ops.end(), nodes.begin(),
                    [](op o, const tensor* t) { return t->op == o; });
}
[[nodiscard]] inline bool begins_with(nodes_view nodes, std::initializer_list<op> ops) {
  return begins_with(nodes, std::span(ops.begin(), ops.size()));
}
/// How many nodes at the start have this operation, at most `most`.
[[nodiscard]] inline std::size_t run_of(nodes_view nodes, op o, std::size_t most) {
  std::size_t n = 0;
  while (n < std::min(most, nodes.size()) && nodes[n]->op == o) ++n;
  return n;
}

/// The length of the longest kernel whose operations these begin with, views counted; 0: none.
/// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-fusion.cpp: ggml_metal_fusions
[[nodiscard]] inline std::size_t longest_by_ops(nodes_view nodes) {
  switch (nodes[0]->op) {
    case op::norm:
    case op::rms_norm: {
      const op norm = nodes[0]->op;
      if (begins_with(nodes, {norm, op::mul, op::add})) return 3;
      return begins_with(nodes, {norm, op::mul}) || begins_with(nodes, {norm, op::scale}) ? 2 : 0;
    }
    case op::add: {
      const std::size_t n = run_of(nodes, op::add, longest_sum);
      return n >= 2 ? n : 0;
    }
    case op::mul: {
      if (begins_with(nodes, snake)) return snake.size();
      const std::size_t n = run_of(nodes.subspan(1), op::view, most_experts + 1);
      if (n < 2 || n > most_experts) return 0;
      return run_of(nodes.subspan(1 + n), op::add, n - 1) == n - 1 ? 2 * n : 0;
    }
    case op::gated_delta_net:
      return begins_with(nodes, {op::gated_delta_net, op::cpy}) ? 2 : 0;
    case op::ssm_conv:
      return begins_with(nodes, {op::ssm_conv, op::unary}) ? 2 : 0;
    case op::soft_max:
      for (const std::size_t n : {router.size(), router_without_norm})
        if (begins_with(nodes, std::span(router).first(n)))
          return n + run_of(nodes.subspan(n), op::scale, 1);
      return 0;
    default:
      return 0;
  }
}

/// Keeps what such a sequence reads until its last node.
/// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-fusion.cpp: ggml_metal_fusion_add_alloc_deps
inline void keep_sources_of_fused(nodes_view nodes, std::vector<ggml::alloc_dep>& deps) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::size_t n = longest_by_ops(nodes.subspan(i));
    if (n == 0) continue;
    const nodes_view fused = nodes.subspan(i, n);
    const std::size_t first = deps.size();
    for (std::size_t j = 0; j < n; ++j)
      for (int k = 0; k < fused[j]->n_src; ++k) {
        tensor* const s = fused[j]->src[static_cast<std::size_t>(k)];
        if (!s || s->home >= 0) continue;
        const auto before = fused.first(j);
        const auto kept = std::span(deps).subspan(first);
        if (std::find(before.begin(), before.end(), s) == before.end() &&
            std::none_of(kept.begin(), kept.end(),
                         [&](const ggml::alloc_dep& d) { return d.what == s; }))
          deps.push_back({fused.back(), s});
      }
    i += n - 1;
  }
}

/// Puts what was appended since `first` in the order in which the nodes are computed until which it is kept.
inline void sort_by_end(nodes_view nodes, std::vector<ggml::alloc_dep>& deps, std::size_t first) {
  std::uint32_t n = 0;
  for (tensor* t : nodes) t->number = n++;
  std::stable_sort(deps.begin() + static_cast<std::ptrdiff_t>(first), deps.end(),
                   [](const ggml::alloc_dep& a, const ggml::alloc_dep& b) {
                     return a.until->number < b.until->number;
                   });
}

/// Finds the kernels of one split by all that they ask of their nodes.
/// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-fusion.cpp: ggml_metal_fusion_max
class kernels {
 public:
  explicit kernels(nodes_view nodes) : nodes_(nodes) {}

  /// How many nodes from `i` on are kernels one behind the other, the views between them counted; 1: it alone.
  [[nodiscard]] std::size_t length_at(std::size_t i) {
    if (!may_begin(i)) return 1;
    collect(i);
    std::size_t done = 0;
    while (done < n_) {
      const std::size_t n = longest_at(done);
      if (n == 1 || done + n > longest_kernel) break;
      done += n;
    }
    return done == 0 ? 1 : std::min(longest_kernel, at_[done - 1] - i + 1);
  }

 private:
  static bool is_empty(const tensor& t) {
    return is_view_op(t.op) || std::find(t.ne.begin(), t.ne.end(), 0) != t.ne.end();
  }
  /// Whether the next two nodes that compute begin any kernel.
  [[nodiscard]] bool may_begin(std::size_t i) const {
    const op first = nodes_[i]->op;
    const bool begins = first == op::norm || first == op::rms_norm || first == op::add ||
                        first == op::mul || first == op::gated_delta_net ||
                        first == op::ssm_conv || first == op::soft_max;
    if (!begins || is_empty(*nodes_[i])) return false;
    while (++i < nodes_.size() && is_empty(*nodes_[i])) continue;
    const op second = i < nodes_.size() ? nodes_[i]->op : op::none;
    switch (first) {
      case op::add:
        return second == op::add;
      case op::mul:
        return second == op::add || second == op::sin;
      case op::gated_delta_net:
        return second == op::cpy;
      case op::ssm_conv:
        return second == op::unary;
      case op::soft_max:
        return second == op::argsort;
      default:
        return second == op::mul || second == op::scale;
    }
  }
  /// The next nodes that compute anything, and where they are.
  void collect(std::size_t i) {
    n_ = 0;
    for (; i < nodes_.size() && n_ < longest_kernel; ++i)
      if (!is_empty(*nodes_[i])) {
        computing_[n_] = nodes_[i];
        at_[n_++] = i;
      }
  }

  /// Nodes of the longest kernel at `k` among those that compute; 1: there is none.
  [[nodiscard]] std::size_t longest_at(std::size_t k) const {
    const nodes_view nodes = std::span(computing_).subspan(k, n_ - k);
    switch (nodes[0]->op) {
      case op::norm:
      case op::rms_norm:
        return scaled_norm(nodes);
      case op::add:
        return chain_of_sums(nodes);
      case op::mul:
        for (std::size_t n = std::min(most_experts, nodes.size()); n >= 2; --n)
          if (sums_experts(k, n) || (n == snake.size() && is_snake(nodes))) return n;
        return 1;
      case op::gated_delta_net:
        return stores_states(nodes) ? 2 : 1;
      case op::ssm_conv:
        return is_activated(nodes) ? 2 : 1;
      case op::soft_max:
        for (const std::size_t n : {7U, 6U, 4U, 3U})
          if (routes(k, n)) return n;
        return 1;
      default:
        return 1;
    }
  }

  /// Nodes of one shape of which each reads the one before, which nothing else does.
  static bool is_chain(nodes_view nodes) {
    for (std::size_t j = 1; j < nodes.size(); ++j) {
      const tensor &t = *nodes[j], &before = *nodes[j - 1];
      if ((t.src[0] != &before && t.src[1] != &before) || !same_shape(t, before)) return false;
    }
    const tensor* const out = nodes.back();
    return ggml::is_closed(nodes, std::span(&out, 1));
  }

  static std::size_t scaled_norm(nodes_view nodes) {
    const op norm = nodes[0]->op;
    const auto fits = [&](std::size_t n) {
      if (!is_chain(nodes.first(n))) return false;
      for (std::size_t j = 1; j < n; ++j) {
        const tensor& t = *nodes[j];
        if (t.src[0] != nodes[j - 1] || t.src[1]->ne[0] != nodes[0]->ne[0] ||
            !is_contiguous_rows(*t.src[1]) || t.type != ggml_type::f32)
          return false;
      }
      return true;
    };
    if (begins_with(nodes, {norm, op::mul, op::add}) && fits(3)) return 3;
    if (begins_with(nodes, {norm, op::mul})) return fits(2) ? 2 : 1;
    return begins_with(nodes, {norm, op::scale}) && is_chain(nodes.first(2)) &&
                   nodes[1]->type == ggml_type::f32
               ? 2
               : 1;
  }

  static std::size_t chain_of_sums(nodes_view nodes) {
    for (std::size_t n = run_of(nodes, op::add, longest_sum); n >= 2; --n) {
      bool fits = is_chain(nodes.first(n));
      for (std::size_t j = 1; j < n && fits; ++j)
        fits = nodes[j]->src[0] == nodes[j - 1] &&
               same_layout(*nodes[j]->src[1], *nodes[j - 1]->src[1]);
      if (fits) return n;
    }
    return 1;
  }

  /// x + sin(a x)^2 / b, which vocoders have.
  static bool is_snake(nodes_view nodes) {
    if (!begins_with(nodes, snake) || !is_chain(nodes.first(snake.size()))) return false;
    const tensor &first = *nodes[0], &second = *nodes[3], &sum = *nodes[4];
    const bool x_is_first = same_shape(first, *first.src[0]);
    const tensor &x = *first.src[x_is_first ? 0 : 1], &a = *first.src[x_is_first ? 1 : 0];
    const tensor& b = *second.src[second.src[0] == nodes[2] ? 1 : 0];
    const tensor* added = sum.src[sum.src[0] == nodes[3] ? 1 : 0];
    const bool is_type = x.type == ggml_type::f32 || x.type == ggml_type::f16 || x.type == ggml_type::bf16;
    if (!is_type || a.type != ggml_type::f32 || b.type != ggml_type::f32 || added != &x) return false;
    for (const tensor* t : nodes.first(snake.size()))
      if (t->type != x.type) return false;
    for (const tensor* t : {&x, &a, &b, &sum})
      if (t->ne[2] != 1 || t->ne[3] != 1 || !is_contiguous(*t)) return false;
    return same_shape(a, b) && a.ne[0] == 1 && a.ne[1] == x.ne[1];
  }

  static bool is_activated(nodes_view nodes) {
    if (!begins_with(nodes, {op::ssm_conv, op::unary}) || !is_chain(nodes.first(2))) return false;
    const tensor &conv = *nodes[0], &act = *nodes[1];
    return act.src[0] == &conv && act.unary_op == ggml::unary::silu &&
           conv.type == ggml_type::f32 && act.type == ggml_type::f32 && is_contiguous_rows(act);
  }

  /// The snapshots behind a delta net's result are written to the cache at once.
  static bool stores_states(nodes_view nodes) {
    if (!begins_with(nodes, {op::gated_delta_net, op::cpy})) return false;
    const tensor &net = *nodes[0], &cpy = *nodes[1];
    if (net.type != ggml_type::f32 || net.is_output || cpy.is_output) return false;
    const tensor &v = *net.src[2], &from = *cpy.src[0], &to = *cpy.src[1];
    const std::int64_t head = v.ne[0], n_tokens = v.ne[2], n_seqs = v.ne[3];
    const std::int64_t n_rows = n_tokens * n_seqs;
    const std::int64_t n_snapshot = head * n_seqs > 0 ? (net.ne[1] - n_rows) / (head * n_seqs) : 0;
    const std::int64_t state = head * head * v.ne[1];
    const auto behind = static_cast<std::uint64_t>(head * v.ne[1] * n_rows) * sizeof(float);
    return from.op == op::view && from.view_src == &net && from.view_offs == behind &&
           is_contiguous(from) && to.type == ggml_type::f32 &&
           to.ne == std::array{state, n_seqs, std::min(n_tokens, n_snapshot), std::int64_t{1}} &&
           to.nb[0] == sizeof(float) &&
           to.nb[1] == static_cast<std::uint64_t>(state) * sizeof(float);
  }

  /// Router of `n` computing nodes at `k`.
  [[nodiscard]] bool routes(std::size_t k, std::size_t n) const {
    const bool has_norm = n >= 6, has_scale = n == 4 || n == 7;
    if (k + n > n_) return false;
    const std::size_t length = (has_norm ? router.size() : router_without_norm) + has_scale;
    const nodes_view nodes = nodes_.subspan(at_[k]);
    if (nodes.size() < length || at_[k + n - 1] + (has_norm && !has_scale) != at_[k] + length - 1 ||
        !begins_with(nodes, std::span(router).first(length - has_scale)) ||
        (has_scale && nodes[length - 1]->op != op::scale))
      return false;
    const tensor &probs = *nodes[0], &ids = *nodes[3], &picked = *nodes[4];
    const tensor& out = *nodes[length - 1];
    if (probs.has_bias || probs.src[1] || probs.src[2]) return false;
    if (nodes[1]->src[0] != &probs || nodes[2]->src[0] != &probs || ids.src[0] != nodes[2] ||
        picked.src[0] != nodes[1] || picked.src[1] != &ids)
      return false;
    if (has_norm && (nodes[5]->src[0] != &picked || nodes[6]->src[0] != nodes[5] ||
                     nodes[7]->src[0] != nodes[6] || nodes[8]->src[0] != nodes[5] ||
                     nodes[8]->src[1] != nodes[7] || nodes[9]->src[0] != nodes[8]))
      return false;
    if (has_scale && out.src[0] != nodes[length - 2]) return false;
    const std::array<const tensor*, 2> outputs = {&ids, &out};
    return has_kernel(*probs.src[0], ids, out) &&
           ggml::is_closed(nodes.first(length), outputs);
  }
  static bool has_kernel(const tensor& logits, const tensor& ids, const tensor& out) {
    constexpr std::int64_t most = 1024;
    const std::int64_t n_expert = logits.ne[0], n_tokens = logits.ne[1], n_used = ids.ne[0];
    const auto is = [](const tensor& t, std::array<std::int64_t, 4> ne) { return t.ne == ne; };
    return logits.type == ggml_type::f32 && out.type == ggml_type::f32 && n_expert <= most &&
           n_used <= n_expert && is(logits, {n_expert, n_tokens, 1, 1}) &&
           is(ids, {n_used, n_tokens, 1, 1}) && is(out, {1, n_used, n_tokens, 1}) &&
           is_contiguous(logits) && is_contiguous(out) && ids.nb[0] == sizeof(std::int32_t) &&
           ids.nb[1] == sizeof(std::int32_t) * static_cast<std::uint64_t>(n_expert);
  }

  /// Results of `n` experts times their weights, added up.
  [[nodiscard]] bool sums_experts(std::size_t k, std::size_t n) const {
    if (k + n > n_ || at_[k + n - 1] != at_[k] + 2 * n - 1) return false;
    const nodes_view nodes = nodes_.subspan(at_[k], 2 * n);
    if (run_of(nodes.subspan(1), op::view, n + 1) != n ||
        run_of(nodes.subspan(1 + n), op::add, n) != n - 1)
      return false;
    const tensor &mul = *nodes[0], &out = *nodes.back();
    const tensor &experts = *mul.src[0], &weights = *mul.src[1];
    const auto n_used = static_cast<std::int64_t>(n);
    const std::int64_t width = experts.ne[0], n_tokens = experts.ne[2];
    using shape = std::array<std::int64_t, 4>;
    for (const tensor* t : {&mul, &experts, &weights, &out})
      if (t->type != ggml_type::f32) return false;
    if (experts.ne != shape{width, n_used, n_tokens, 1} ||
        weights.ne != shape{1, n_used, n_tokens, 1} || out.ne != shape{width, n_tokens, 1, 1} ||
        !is_contiguous(experts) || !is_contiguous(weights) || !is_contiguous(out))
      return false;
    for (std::size_t i = 0; i < n; ++i) {
      const tensor& one = *nodes[1 + i];
      if (one.view_src != &mul || one.src[0] != &mul || one.view_offs != i * mul.nb[1] ||
          one.ne[0] != width || one.ne[1] != n_tokens || one.nb[1] != mul.nb[2])
        return false;
    }
    for (std::size_t i = 1; i < n; ++i) {
      const tensor& sum = *nodes[n + i];
      if (sum.src[0] != (i == 1 ? nodes[1] : nodes[n + i - 1]) || sum.src[1] != nodes[1 + i])
        return false;
    }
    const tensor* const last = &out;
    return ggml::is_closed(nodes, std::span(&last, 1));
  }

  nodes_view nodes_;
  std::array<tensor*, longest_kernel> computing_{};  ///< from a node on
  std::array<std::size_t, longest_kernel> at_{};
  std::size_t n_ = 0;
};

}  // namespace vrambudget::metal::detail
