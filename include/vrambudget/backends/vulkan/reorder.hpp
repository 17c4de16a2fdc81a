// The order in which the Vulkan backend computes the nodes of a split: what depends on nothing that is not computed yet
// is taken forward, kernels that are fused stay together. Lifetimes, and with them buffers, follow it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/closed_nodes.hpp"

namespace vrambudget::vulkan::detail {

using ggml::op;
using ggml::tensor;
using pattern = std::initializer_list<op>;

/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan-types.h
inline constexpr pattern routers[] = {
    {op::soft_max, op::reshape, op::argsort, op::view, op::get_rows, op::reshape, op::sum_rows,
     op::clamp, op::div, op::reshape},
    {op::unary, op::reshape, op::add, op::argsort, op::view, op::get_rows, op::reshape,
     op::sum_rows, op::clamp, op::div, op::reshape},
    {op::unary, op::sqrt, op::reshape, op::add, op::argsort, op::view, op::get_rows, op::reshape,
     op::sum_rows, op::clamp, op::div, op::reshape},
    {op::soft_max, op::reshape, op::argsort, op::view, op::get_rows},
    {op::argsort, op::view, op::get_rows, op::reshape, op::soft_max, op::reshape}};
inline constexpr pattern block_choice = {op::get_rows, op::permute, op::cont, op::cpy,
                                         op::reshape,  op::add,     op::top_k};
inline constexpr pattern others[] = {{op::mul, op::sin, op::sqr, op::mul, op::add},
                                     block_choice,
                                     {op::rms_norm, op::mul, op::add, op::mul},
                                     {op::rms_norm, op::mul, op::add},
                                     {op::rms_norm, op::mul, op::rope, op::view, op::set_rows},
                                     {op::rms_norm, op::view, op::set_rows},
                                     {op::rope, op::view, op::set_rows}};

/// Puts the nodes of one split in another order.
///
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_graph_optimize
class reorder {
 public:
  reorder(std::span<tensor*> nodes, std::vector<ggml::alloc_dep>& deps)
      : nodes_(nodes), deps_(deps), used_(nodes.size()) {}

  void run() {
    const std::size_t n_before = deps_.size();
    order_.reserve(nodes_.size());
    while (first_ < nodes_.size())
      if (!keep_pattern()) take_set();
    std::copy(order_.begin(), order_.end(), nodes_.begin());
    sort_deps(n_before);
  }

 private:
  static constexpr std::size_t window = 20, near = 15;

  static const tensor* base(const tensor& t) { return t.view_src ? t.view_src : &t; }
  static bool is_empty(const tensor& t) { return is_view_op(t.op); }
  [[nodiscard]] const tensor& node(std::size_t i) const { return *nodes_[i]; }
  [[nodiscard]] op op_of(std::size_t i) const { return nodes_[i]->op; }

  /// Whether `t` must not be computed before `earlier`.
  static bool depends(const tensor& t, const tensor& earlier) {
    const bool compute = !is_empty(t) && !is_empty(earlier);
    for (std::size_t i = 0; i < t.src.size(); ++i) {
      const tensor *mine = t.src[i], *its = earlier.src[i];
      if (mine == &earlier) return true;
      if (!compute) continue;
      if (mine && base(*mine) == base(earlier)) return true;  // written through another view
      if (its && base(t) == base(*its)) return true;          // still read through a view
    }
    return base(t) == base(earlier);
  }

  // --- kernels of several nodes

  [[nodiscard]] bool matches(const pattern& p, std::size_t at) const {
    if (at + p.size() > nodes_.size()) return false;
    for (std::size_t j = 0; j < p.size(); ++j)
      if (op_of(at + j) != p.begin()[j] || used_[at + j]) return false;
    return true;
  }

  bool keep_pattern() {
    for (const pattern& p : routers)
      if (matches(p, first_)) {
        keep_inputs(p.size());
        keep(p.size());
        return true;
      }
    for (const pattern& p : others)
      if (matches(p, first_)) {
        keep(p.size());
        return true;
      }
    return false;
  }

  void place(std::size_t i) {
    order_.push_back(nodes_[i]);
    placed_.insert(nodes_[i]);
    used_[i] = true;
  }
  void skip_used() {
    while (first_ < nodes_.size() && used_[first_]) ++first_;
  }
  void keep(std::size_t n) {
    for (std::size_t j = first_; j < first_ + n; ++j) place(j);
    skip_used();
  }

  /// What the fused router reads stays until its last node, which may be a scale behind it.
  void keep_inputs(std::size_t n) {
    std::size_t last = first_ + n - 1;
    if (last + 1 < nodes_.size() && op_of(last + 1) == op::scale) ++last;
    std::vector<const tensor*> seen;
    const auto is_new = [&](const tensor* t) {
      if (std::find(seen.begin(), seen.end(), t) != seen.end()) return false;
      seen.push_back(t);
      return true;
    };
    for (std::size_t j = first_; j < first_ + n; ++j) {
      for (tensor* s : node(j).src)
        if (s && is_new(s) && s->home < 0) deps_.push_back({nodes_[last], s});
      is_new(nodes_[j]);
    }
  }

  [[nodiscard]] bool is_in_pattern(std::size_t at) const {
    const auto match = [&](const pattern& p) { return matches(p, at); };
    if (std::any_of(std::begin(routers), std::end(routers), match) ||
        std::any_of(std::begin(others), std::end(others), match))
      return true;
    for (std::size_t o = 1; o < block_choice.size() && o <= at; ++o)
      if (matches(block_choice, at - o)) return true;
    return false;
  }

  // --- nodes that can be computed at once

  void take_set() {
    set_.assign(1, first_);
    const std::size_t end = std::min(first_ + window, nodes_.size());
    for (std::size_t j = first_ + 1; j < end; ++j)
      if (!used_[j] && !is_empty(node(j)) && !is_in_pattern(j) && is_free(j)) {
        set_.push_back(j);
        take_followers(j);
      }
    if (op_of(set_.back()) != op::add)  // which is fused with what follows
      for (std::size_t j = first_ + 1; j < end; ++j)
        if (!used_[j] && is_empty(node(j)) && shows_what_is_there(j)) set_.push_back(j);
    for (const std::size_t i : set_) place(i);
    skip_used();
  }

  [[nodiscard]] bool is_free(std::size_t j) const {
    for (std::size_t c = first_; c < j; ++c)
      if (!used_[c] && depends(node(j), node(c)) && !is_fused_with(c, j)) return false;
    return true;
  }

  /// Whether `j` is computed with `c`, the last one that was taken.
  [[nodiscard]] bool is_fused_with(std::size_t c, std::size_t j) const {
    if (c != set_.back()) return false;
    const auto is = [&](op first, op second) { return op_of(c) == first && op_of(j) == second; };
    if ((is(op::rms_norm, op::mul) || is(op::unary, op::mul)) && nothing_between(c + 1, j))
      return true;
    return j == c + 1 && (is(op::mul_mat, op::add) || is(op::mul_mat_id, op::add_id) ||
                          is(op::mul_mat_id, op::mul) || is(op::add, op::add) ||
                          is(op::ssm_conv, op::add) || is(op::ssm_conv, op::unary));
  }
  [[nodiscard]] bool nothing_between(std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i)
      if (!used_[i] && !is_empty(node(i))) return false;
    return true;
  }

  [[nodiscard]] bool shows_what_is_there(std::size_t j) const {
    for (std::size_t c = first_; c < j; ++c)
      if (!used_[c] && depends(node(j), node(c)) &&
          std::find(set_.begin(), set_.end(), c) == set_.end())
        return false;
    return true;
  }

  // --- what is fused with a node that was taken

  void take(std::size_t i) {
    set_.push_back(i);
    used_[i] = true;
  }
  [[nodiscard]] bool is_there(const tensor* t) const {
    return t->op == op::none || placed_.contains(t);
  }
  /// The first node near `j` for which `is`; 0: none.
  template <class Is>
  [[nodiscard]] std::size_t find_near(std::size_t j, Is&& is) const {
    const std::size_t end = std::min(j + near, nodes_.size());
    for (std::size_t k = j + 1; k < end; ++k)
      if (is(k)) return k;
    return 0;
  }

  void take_followers(std::size_t j) {
    const auto follows = [&](op first, op second) {
      return j > 0 && op_of(j) == second && op_of(j - 1) == first;
    };
    std::size_t rope = j;
    if (follows(op::rms_norm, op::mul))
      if (const std::size_t k = find_near(j, [&](std::size_t i) {
            const tensor& t = node(i);
            return t.op == op::rope && t.src[0] == nodes_[j] && t.src[1]->op == op::none &&
                   (!t.src[2] || t.src[2]->op == op::none);
          }))
        take(rope = k);
    if (op_of(rope) == op::rope || op_of(rope) == op::rms_norm) take_set_rows(rope);
    const auto take_next = [&](op what) {
      if (const std::size_t k = find_near(j, [&](std::size_t i) {
            return op_of(i) == what && node(i).src[0] == nodes_[j] &&
                   (what == op::unary || is_there(node(i).src[1]));
          }))
        take(k);
    };
    if (follows(op::mul_mat_id, op::add_id)) take_next(op::mul);
    if (follows(op::mul_mat, op::add)) take_next(op::add);
    if (follows(op::ssm_conv, op::add)) take_next(op::unary);
    if (op_of(j) == op::unary)
      if (const std::size_t k = find_near(j, [&](std::size_t i) { return multiplies(i, j); }))
        take(k);
  }

  /// What a rotated or normalized row is stored with.
  void take_set_rows(std::size_t j) {
    std::size_t view = 0, stored = 0;
    for (std::size_t k = j + 1; k < std::min(j + near, nodes_.size()) && !stored; ++k) {
      if (used_[k]) continue;
      if (!view && op_of(k) == op::view && node(k).src[0] == nodes_[j])
        view = k;
      else if (view && op_of(k) == op::set_rows && node(k).src[0] == nodes_[view])
        stored = k;
    }
    if (!stored) return;
    const std::array<tensor*, 3> together = {nodes_[j], nodes_[view], nodes_[stored]};
    const tensor* const out = nodes_[stored];
    if (!ggml::is_closed(together, std::span(&out, 1))) return;
    for (std::size_t c = j + 1; c < stored; ++c)
      if (!used_[c] && c != view && !is_empty(node(c)) && depends(node(stored), node(c))) return;
    take(view);
    take(stored);
  }

  /// Whether `k` multiplies the activation `j` by what is there, in one kernel.
  /// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_can_fuse_unary_mul
  [[nodiscard]] bool multiplies(std::size_t k, std::size_t j) const {
    const tensor &mul = node(k), &act = node(j);
    if (mul.op != op::mul || (mul.src[0] != &act && mul.src[1] != &act)) return false;
    const tensor& other = mul.src[0] == &act ? *mul.src[1] : *mul.src[0];
    if (!is_there(&other)) return false;
    const bool has_kernel =
        act.unary_op == ggml::unary::gelu || act.unary_op == ggml::unary::sigmoid ||
        act.unary_op == ggml::unary::silu || act.unary_op == ggml::unary::softplus;
    const bool is_float = act.type == ggml_type::f32 || act.type == ggml_type::f16;
    if (!has_kernel || !is_float || act.type != mul.type || other.type != act.type) return false;
    if (!is_contiguous_above(other, 1) || !is_contiguous_above(*act.src[0], 1)) return false;
    return mul.src[0] == &act ? repeats(other, act) : repeats(act, *mul.src[0]);
  }
  /// Whether `a`, repeated, fills `b`.
  static bool repeats(const tensor& a, const tensor& b) {
    for (std::size_t d = 0; d < 4; ++d)
      if (a.ne[d] == 0 || b.ne[d] % a.ne[d] != 0) return false;
    return true;
  }

  /// Tensors are asked for in the order in which what they are kept for is computed.
  void sort_deps(std::size_t first) {
    std::unordered_map<const tensor*, std::size_t> at;
    for (std::size_t i = 0; i < order_.size(); ++i) at.emplace(order_[i], i);
    std::stable_sort(deps_.begin() + static_cast<std::ptrdiff_t>(first), deps_.end(),
                     [&](const ggml::alloc_dep& a, const ggml::alloc_dep& b) {
                       return at[a.until] < at[b.until];
                     });
  }

  std::span<tensor*> nodes_;
  std::vector<ggml::alloc_dep>& deps_;
  std::vector<bool> used_;
  std::vector<tensor*> order_;
  std::unordered_set<const tensor*> placed_;
  std::vector<std::size_t> set_;  ///< that are taken now
  std::size_t first_ = 0;         ///< that is not used
};

}  // namespace vrambudget::vulkan::detail
