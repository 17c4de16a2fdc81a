// A node of a graph as one of the cards of a Meta device computes it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

#include "vrambudget/ggml/tensor.hpp"
#include "vrambudget/memory/graph_scratch.hpp"
#include "vrambudget/memory/tensor_slices.hpp"

namespace vrambudget {

/// A node with operands of a card's extents. It points to its own operands, so it stays where it is.
struct sliced_node {
  ggml::tensor node, a, b;

  sliced_node() = default;
  sliced_node(const sliced_node&) = delete;
  sliced_node& operator=(const sliced_node&) = delete;
};

/// Makes them.
class node_slicer {
 public:
  node_slicer(const tensor_slicer& slicer, const model& m) : slicer_(slicer), hp_(m.hp) {}

  [[nodiscard]] std::size_t n_cards() const { return slicer_.n_cards(); }
  /// A weight on the Meta device, as graphs name it.
  void add(const model_tensor& t) {
    if (const auto s = slicer_.of(t)) weights_.emplace(t.name.c_str(), *s);
  }

  /// The axis along which a product's matrix is cut; -1: it is not.
  [[nodiscard]] int axis_of(const ggml::tensor& t) const {
    const slices* s = slices_of(t);
    return s ? s->axis : -1;
  }

  /// Makes `out` what card `card` computes of `t`; false: nothing. What is not known to be cut is whole,
  /// which is no less.
  bool slice(const ggml::tensor& t, std::size_t card, sliced_node& out) const {
    out.node = t;
    if (!t.src[0] || !t.src[1]) return true;
    out.a = *t.src[0];
    out.b = *t.src[1];
    out.node.src[0] = &out.a;
    out.node.src[1] = &out.b;
    return t.op == ggml::op::flash_attn_ext ? slice_attention(t, card, out)
                                            : slice_product(t, card, out);
  }

 private:
  [[nodiscard]] const slices* slices_of(const ggml::tensor& t) const {
    if (t.op != ggml::op::mul_mat && t.op != ggml::op::mul_mat_id) return nullptr;
    const auto it = t.src[0]->is_weight ? weights_.find(t.src[0]->name) : weights_.end();
    return it == weights_.end() ? nullptr : &it->second;
  }

  bool slice_product(const ggml::tensor& t, std::size_t card, sliced_node& out) const {
    const slices* s = slices_of(t);
    if (!s || s->axis < 0 || s->axis > 1) return true;
    const std::int64_t n = s->extents[card];
    resize(out.a, static_cast<std::size_t>(s->axis), n);
    resize(s->axis == 0 ? out.b : out.node, 0, n);
    return n > 0;
  }

  /// Heads are the third dimension of queries and keys, the second of the result.
  bool slice_attention(const ggml::tensor& t, std::size_t card, sliced_node& out) const {
    if (t.il < 0) return true;
    const auto il = static_cast<std::uint32_t>(t.il);
    const auto s = slicer_.of_keys(il, hp_.n_embd_k_gqa(il));
    const std::int64_t head = hp_.n_embd_head_k(il), n_gqa = hp_.n_gqa(il);
    if (!s || s->axis < 0 || head == 0 || out.b.ne[2] != hp_.n_head_kv(il)) return true;
    const std::int64_t n = s->extents[card] / head;
    resize(out.a, 2, n * n_gqa);
    resize(out.b, 2, n);
    resize(out.node, 1, n * n_gqa);
    return n > 0;
  }

  static void resize(ggml::tensor& t, std::size_t axis, std::int64_t n) {
    t.ne[axis] = n;
    t.nb[0] = element_size(t);
    t.nb[1] = row_size(t.type, static_cast<std::uint64_t>(t.ne[0])).count;
    for (std::size_t d = 2; d < 4; ++d)
      t.nb[d] = t.nb[d - 1] * static_cast<std::uint64_t>(t.ne[d - 1]);
    t.nbytes = t.nb[3] * static_cast<std::uint64_t>(t.ne[3]);
  }

  const tensor_slicer& slicer_;
  const hparams& hp_;
  std::unordered_map<const char*, slices> weights_;
};

/// What card `card` computes of the nodes on the Meta device, `shared`, that draw from its pool; of those
/// that draw the same, one.
[[nodiscard]] inline std::deque<sliced_node> drawing_slices(const node_slicer& slicer,
                                                            const ggml::graph& g,
                                                            const ggml::scheduler& sched,
                                                            int shared, std::size_t card) {
  std::deque<sliced_node> all;
  for (const ggml::split& s : sched.splits()) {
    if (s.backend != shared) continue;
    for (const ggml::tensor* t : std::span(g.nodes()).subspan(s.begin, s.end - s.begin)) {
      if (!cuda::draws_scratch(t->op)) continue;
      sliced_node& last = all.emplace_back();
      const bool is_new = slicer.slice(*t, card, last) &&
                          std::none_of(all.begin(), all.end(), [&](const sliced_node& n) {
                            return &n != &last && detail::draws_the_same(n.node, last.node);
                          });
      if (!is_new) all.pop_back();
    }
  }
  return all;
}

}  // namespace vrambudget
