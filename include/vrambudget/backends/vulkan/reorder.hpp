// The order in which the Vulkan backend computes the nodes of a split: what depends on nothing that is not computed yet
// is taken forward, kernels that are fused stay together. Lifetimes, and with them buffers, follow it.
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

/// Whether any of them begins with an operation.
inline constexpr auto begins_pattern = [] {
  std::array<bool, 256> begins{};
  for (const pattern& p : routers) begins[static_cast<std::size_t>(*p.begin())] = true;
  for (const pattern& p : others) begins[static_cast<std::size_t>(*p.begin())] = true;
  return begins;
}();

/// Puts the nodes of one split in another order.
///
/// Source: llama.cpp, ggml/src/ggml-vulkan/ggml-vulkan.cpp: ggml_vk_graph_optimize
class reorder {
 public:
  reorder(std::span<tensor*> nodes, std::vector<ggml::alloc_dep>& deps)
      : nodes_(nodes), deps_(deps), used_(nodes.size()), in_set_(nodes.size()) {
    number_tensors();
    find_conflicts();
  }

  void run() {
    const std::size_t n_before = deps_.size();
    order_.reserve(nodes_.size());
    while (first_ < nodes_.size())
      if (!keep_pattern()) take_set();
    sort_deps(n_before);
    std::vector<tensor*> ordered;
    ordered.reserve(order_.size());
    for (const std::uint32_t i : order_) ordered.push_back(nodes_[i]);
    std::copy(ordered.begin(), ordered.end(), nodes_.begin());
  }

 private:
  static constexpr std::size_t window = 20, near = 15;
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// Nodes before one: bit n is the node n + 1 before it. Those further back than the window are shifted out.
  using before = std::uint32_t;
  /// Who had to do with a memory: bit 0 is node `last`.
  struct history {
    std::uint32_t node = none;  ///< that it is the result of, if that is no view
    std::uint32_t last = 0;
    before readers = 0, writers = 0;  ///< that compute
    before shown = 0;                 ///< results and views of it
  };

  static tensor& base(tensor& t) { return t.view_src ? *t.view_src : t; }
  static bool is_empty(const tensor& t) { return is_view_op(t.op); }
  [[nodiscard]] const tensor& node(std::size_t i) const { return *nodes_[i]; }
  [[nodiscard]] op op_of(std::size_t i) const { return nodes_[i]->op; }

  // --- what must not be computed before what

  /// Roots get the numbers of their histories, views those of their nodes.
  void number_tensors() {
    const auto forget = [](tensor& t) { t.number = base(t).number = none; };
    for (tensor* t : nodes_) {
      forget(*t);
      for (int i = 0; i < t->n_src; ++i)
        if (tensor* s = t->src[static_cast<std::size_t>(i)]) forget(*s);
    }
    histories_.reserve(2 * nodes_.size());
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      tensor& t = *nodes_[i];
      if (t.view_src)
        t.number = i;
      else
        history_of(t).node = i;
    }
  }
  history& history_of(tensor& root) {
    if (root.number == none) {
      root.number = static_cast<std::uint32_t>(histories_.size());
      histories_.emplace_back();
    }
    return histories_[root.number];
  }
  /// Of this split; none: it is of another, or no node at all.
  [[nodiscard]] std::uint32_t index_of(const tensor& t) const {
    return t.view_src || t.number == none ? t.number : histories_[t.number].node;
  }

  /// A node waits for one whose result it reads, and for all that show what it is or shows. Of those that compute it
  /// waits for what writes what it reads, through whatever view, and for what still reads what it writes.
  void find_conflicts() {
    conflicts_.assign(nodes_.size(), 0);
    for (std::uint32_t now = 0; now < nodes_.size(); ++now) {
      tensor& t = *nodes_[now];
      const bool computes = !is_empty(t);
      before conflicts = 0;
      for (int i = 0; i < t.n_src; ++i) {
        tensor* const s = t.src[static_cast<std::size_t>(i)];
        if (!s) continue;
        if (const std::uint32_t at = index_of(*s); at < now && now - at <= window)
          conflicts |= before{1} << (now - at - 1);
        if (computes) conflicts |= at_node(base(*s), now).writers >> 1;
      }
      history& own = at_node(base(t), now);
      conflicts |= (own.shown | (computes ? own.readers : 0)) >> 1;
      own.shown |= 1;
      if (computes) {
        own.writers |= 1;
        for (int i = 0; i < t.n_src; ++i)
          if (tensor* s = t.src[static_cast<std::size_t>(i)]) history_of(base(*s)).readers |= 1;
      }
      conflicts_[now] = conflicts;
    }
  }
  /// With bit 0 for node `now`.
  history& at_node(tensor& root, std::uint32_t now) {
    history& h = history_of(root);
    const std::uint32_t passed = now - h.last;
    const auto shift = [passed](before& b) { b = passed < 32 ? b << passed : 0; };
    shift(h.readers), shift(h.writers), shift(h.shown);
    h.last = now;
    return h;
  }

  // --- kernels of several nodes

  [[nodiscard]] bool matches(const pattern& p, std::size_t at) const {
    if (at + p.size() > nodes_.size()) return false;
    for (std::size_t j = 0; j < p.size(); ++j)
      if (op_of(at + j) != p.begin()[j] || used_[at + j]) return false;
    return true;
  }

  [[nodiscard]] bool may_begin_pattern(std::size_t at) const {
    return begins_pattern[static_cast<std::size_t>(op_of(at))];
  }
  bool keep_pattern() {
    if (!may_begin_pattern(first_)) return false;
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
    order_.push_back(static_cast<std::uint32_t>(i));
    used_[i] = is_placed;
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
    if (may_begin_pattern(at) && (std::any_of(std::begin(routers), std::end(routers), match) ||
                                  std::any_of(std::begin(others), std::end(others), match)))
      return true;
    for (std::size_t o = 1; o < block_choice.size() && o <= at; ++o)
      if (block_choice.begin()[o] == op_of(at) && matches(block_choice, at - o)) return true;
    return false;
  }

  // --- nodes that can be computed at once

  void add_to_set(std::size_t i) {
    set_.push_back(i);
    in_set_[i] = true;
  }
  void take_set() {
    set_.clear();
    add_to_set(first_);
    const std::size_t end = std::min(first_ + window, nodes_.size());
    before waiting = 0;
    for (std::size_t j = first_ + 1; j < end; ++j) {
      waiting = waiting << 1 | before{!used_[j - 1]};
      if (!used_[j] && !is_empty(node(j)) && is_free(j, waiting) && !is_in_pattern(j)) {
        add_to_set(j);
        take_followers(j);
      }
    }
    if (op_of(set_.back()) != op::add)  // which is fused with what follows
      take_views(end);
    for (const std::size_t i : set_) place(i);
    skip_used();
  }
  /// Of what is there, or is computed now.
  void take_views(std::size_t end) {
    before waiting = 0;
    for (std::size_t j = first_ + 1; j < end; ++j) {
      waiting = waiting << 1 | before{!used_[j - 1] && !in_set_[j - 1]};
      if (!used_[j] && is_empty(node(j)) && !(conflicts_[j] & waiting)) add_to_set(j);
    }
  }

  /// Whether a node depends on none of `waiting`, but for one that it is computed with.
  [[nodiscard]] bool is_free(std::size_t j, before waiting) const {
    const before blocked_by = conflicts_[j] & waiting;
    if (!blocked_by) return true;
    const std::size_t last = set_.back();
    return last < j && blocked_by == before{1} << (j - last - 1) && is_fused_with(last, j);
  }

  /// Whether `j` is computed with `c`, the last one that was taken.
  [[nodiscard]] bool is_fused_with(std::size_t c, std::size_t j) const {
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

  // --- what is fused with a node that was taken

  void take(std::size_t i) {
    add_to_set(i);
    used_[i] = is_taken;
  }
  [[nodiscard]] bool is_there(const tensor* t) const {
    if (t->op == op::none) return true;
    const std::uint32_t at = index_of(*t);
    return at != none && used_[at] == is_placed;
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
      if (!used_[c] && c != view && !is_empty(node(c)) &&
          conflicts_[stored] >> (stored - c - 1) & 1)
        return;
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
    if (first == deps_.size()) return;
    std::vector<std::uint32_t> place(order_.size());
    for (std::uint32_t i = 0; i < order_.size(); ++i) place[order_[i]] = i;
    std::stable_sort(deps_.begin() + static_cast<std::ptrdiff_t>(first), deps_.end(),
                     [&](const ggml::alloc_dep& a, const ggml::alloc_dep& b) {
                       return place[index_of(*a.until)] < place[index_of(*b.until)];
                     });
  }

  std::span<tensor*> nodes_;
  std::vector<ggml::alloc_dep>& deps_;
  std::vector<history> histories_;
  std::vector<before> conflicts_;  ///< by node: those that it waits for
  enum : std::uint8_t { is_taken = 1, is_placed = 2 };
  std::vector<std::uint8_t> used_;    ///< by node: 0, or these
  std::vector<std::uint8_t> in_set_;  ///< by node
  std::vector<std::uint32_t> order_;  ///< nodes
  std::vector<std::size_t> set_;      ///< that are taken now
  std::size_t first_ = 0;         ///< that is not used
};

}  // namespace vrambudget::vulkan::detail
