// Whether some nodes of a graph can run as one kernel.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::ggml {

/// True if nothing outside of `nodes`, which are in their order, reads one that is not in `outputs`, and no such node
/// is a view of something outside.
/// Source: llama.cpp, ggml/src/ggml.c: ggml_can_fuse_subgraph_ext
[[nodiscard]] inline bool is_closed(std::span<tensor* const> nodes,
                                    std::span<const tensor* const> outputs) {
  const auto contains = [](auto& list, const tensor* t) {
    return std::find(list.begin(), list.end(), t) != list.end();
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const tensor* t = nodes[i];
    if (contains(outputs, t)) continue;
    if (t->is_output) return false;
    std::int32_t inside = 0;
    for (const tensor* user : nodes.subspan(i + 1))
      inside += static_cast<std::int32_t>(
          std::count(user->src.begin(), user->src.begin() + user->n_src, t));
    if (inside != t->uses) return false;
    if (t->view_src && !contains(nodes, t->view_src) && !t->view_src->is_weight) return false;
  }
  return true;
}

}  // namespace vrambudget::ggml
