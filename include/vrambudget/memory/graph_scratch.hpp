// Scratch that a device's kernels draw while they compute a part of a graph.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "vrambudget/engine/cuda_pool.hpp"
#include "vrambudget/ggml/scheduler.hpp"
#include "vrambudget/memory/compute_size.hpp"

namespace vrambudget {

namespace detail {

/// Layers mostly repeat each other: what the attention of one draws the next draws too.
inline bool draws_the_same(const ggml::tensor& a, const ggml::tensor& b) {
  if (a.n_kv_max != b.n_kv_max) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    const ggml::tensor *x = a.src[i], *y = b.src[i];
    if (x != y && (!x || !y || !same_layout(*x, *y))) return false;
  }
  return true;
}

/// "mul_mat of blk.0.ffn_up.weight [2048 x 8192] and [2048 x 512]"
inline std::string describe_operands(const ggml::tensor& t) {
  const auto shape = [](const ggml::tensor& s) {
    std::string text = std::to_string(s.ne[0]);
    for (std::size_t d = 1; d < 4 && (d < 2 || s.ne[d] > 1 || (d == 2 && s.ne[3] > 1)); ++d)
      text += " x " + std::to_string(s.ne[d]);
    return text;
  };
  const bool weight = t.src[0]->is_weight;
  return std::string(ggml::name(t.op)) + " of " + (weight ? t.src[0]->name : t.name) + " [" +
         shape(*t.src[0]) + "] and [" + shape(*t.src[t.src[1] ? 1 : 0]) + "]";
}

}  // namespace detail

/// Raises `need` to what the nodes on `backend` draw, in a graph that was split.
inline void raise_pool(pool_need& need, const ggml::graph& g, const ggml::scheduler& sched,
                       int backend, const engine::cuda_card& card, const engine::rules& rules) {
  const ggml::tensor *most = nullptr, *attention = nullptr;
  for (const ggml::split& s : sched.splits()) {
    if (s.backend != backend) continue;
    for (const ggml::tensor* t : std::span(g.nodes()).subspan(s.begin, s.end - s.begin)) {
      if (t->op == ggml::op::flash_attn_ext) {
        if (attention && detail::draws_the_same(*attention, *t)) continue;
        attention = t;
      }
      const engine::cuda_scratch drawn = engine::pool_scratch(*t, card, rules);
      need.cublas |= drawn.cublas;
      if (bytes{drawn.size} > need.scratch) {
        need.scratch = bytes{drawn.size};
        most = t;
      }
    }
  }
  if (most) need.by = detail::describe_operands(*most);
}

}  // namespace vrambudget
