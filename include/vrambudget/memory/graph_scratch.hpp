// Scratch that a device's kernels draw while they compute a part of a graph.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/backends/cuda/kept_buffers.hpp"
#include "vrambudget/backends/cuda/pool.hpp"
#include "vrambudget/backends/vulkan/scratch.hpp"
#include "vrambudget/ggml/scheduler.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/memory/device_backend.hpp"

namespace vrambudget {

namespace detail {

/// Whether all that pool_scratch, or asked_by of Vulkan, looks at is the same in two nodes.
inline bool draws_the_same(const ggml::tensor& a, const ggml::tensor& b) {
  if (a.op != b.op || a.ne != b.ne || a.n_src != b.n_src || a.n_kv_max != b.n_kv_max ||
      a.hadamard != b.hadamard || a.f32_accumulator != b.f32_accumulator ||
      a.has_bias != b.has_bias)
    return false;
  for (std::size_t i = 0; i < a.n_src; ++i) {
    const ggml::tensor *x = a.src[i], *y = b.src[i];
    if (x == y) continue;
    if (!x || !y || !same_layout(*x, *y) || x->nbytes != y->nbytes ||
        x->eight_bits != y->eight_bits)
      return false;
  }
  const auto v_in_k = [](const ggml::tensor& t) {
    return t.src[2] && t.src[2]->view_src &&
           (t.src[2]->view_src == t.src[1] || (t.src[2]->view_src == t.src[1]->view_src &&
                                               t.src[2]->view_offs == t.src[1]->view_offs));
  };
  return a.op != ggml::op::flash_attn_ext || v_in_k(a) == v_in_k(b);
}

inline operation_name name_operation(const ggml::tensor& t) {
  return {t.op, t.src[0]->is_weight ? t.src[0]->name : t.name, t.src[0]->ne,
          t.src[t.src[1] ? 1 : 0]->ne};
}

}  // namespace detail

/// The nodes on `backend`, which is `on`, that draw scratch in a graph that was split, the first of those that draw
/// the same. Layers repeat each other, so a node is first compared with what came after its like before.
[[nodiscard]] inline std::vector<const ggml::tensor*> drawing_nodes(const ggml::graph& g,
                                                                    const ggml::scheduler& sched,
                                                                    int backend,
                                                                    const drawing_device& on) {
  const auto draws = on.chips.empty() ? cuda::draws_scratch : vulkan::asks_for_scratch;
  std::vector<const ggml::tensor*> all;
  std::size_t next = 0;
  for (const ggml::split& s : sched.splits()) {
    if (s.backend != backend) continue;
    for (const ggml::tensor* t : std::span(g.nodes()).subspan(s.begin, s.end - s.begin)) {
      if (!draws(t->op)) continue;
      if (next >= all.size() || !detail::draws_the_same(*all[next], *t))
        next = static_cast<std::size_t>(
            std::find_if(all.begin(), all.end(),
                         [&](const auto* k) { return detail::draws_the_same(*k, *t); }) -
            all.begin());
      if (next == all.size()) all.push_back(t);
      ++next;
    }
  }
  return all;
}

/// Raises `need` to what the nodes draw on a card. `one_sequence`: of a full micro-batch of a sequence.
inline void raise_pool(pool_need& need, std::span<const ggml::tensor* const> nodes,
                       const cuda::card& card, const engine_rules& rules, bool one_sequence) {
  const ggml::tensor* by = nullptr;
  std::uint64_t most = 0;
  std::vector<cuda::requests> of_most, of_whole;
  for (const ggml::tensor* t : nodes) {
    const cuda::scratch drawn = cuda::pool_scratch(*t, card, rules);
    need.cublas |= drawn.cublas;
    if (one_sequence) {
      need.cublas_of_whole_batches |= drawn.cublas;
      if (card.maps_pool)
        need.of_whole_batches = std::max(need.of_whole_batches, bytes{drawn.whole});
    }
    if (!card.maps_pool) {
      of_most.push_back(drawn.of_most);
      of_whole.push_back(drawn.of_whole);
    }
    if (drawn.size > most) {
      most = drawn.size;
      by = t;
    }
  }
  if (!card.maps_pool) {
    most = cuda::least_kept(of_most);
    if (one_sequence)
      need.of_whole_batches = std::max(need.of_whole_batches, bytes{cuda::least_kept(of_whole)});
  }
  if (bytes{most} <= need.scratch) return;
  need.scratch = bytes{most};
  if (by) need.by = detail::name_operation(*by);
}

/// Raises `need` to what the nodes ask of the buffers that a context keeps on a device that is one of `chips`.
inline void raise_kept(pool_need& need, std::span<const ggml::tensor* const> nodes,
                       std::span<const vulkan::chip> chips, bool one_sequence) {
  if (nodes.empty()) return;
  vulkan::prealloc most = need.kept.value_or(vulkan::prealloc{}),
                   whole = need.kept_of_whole_batches.value_or(vulkan::prealloc{});
  for (const vulkan::chip& c : chips)
    for (const ggml::tensor* t : nodes) {
      const vulkan::asked a = vulkan::asked_by(*t, c);
      most.raise(a.whole);
      most.raise(a.most);
      if (one_sequence) whole.raise(a.whole);
    }
  need.kept = most;
  need.scratch = most.sum();
  need.kept_of_whole_batches = whole;
  need.of_whole_batches = whole.sum();
}

inline void raise_pool(pool_need& need, std::span<const ggml::tensor* const> nodes,
                       const drawing_device& on, const engine_rules& rules, bool one_sequence) {
  if (on.chips.empty())
    raise_pool(need, nodes, on.card, rules, one_sequence);
  else
    raise_kept(need, nodes, on.chips, one_sequence);
}

}  // namespace vrambudget
