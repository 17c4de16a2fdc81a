// A graph of a few nodes for tests of how a backend orders them.
#pragma once

#include <string>
#include <vector>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/ops.hpp"

namespace vrambudget::testing {

struct small_graph {
  ggml::graph g;
  ggml::op_builder b{g};
  ggml::tensor* x = g.make_input("x", ggml_type::f32, 64, 8);

  ggml::tensor* weight(ggml_type type = ggml_type::f16, std::int64_t rows = 64) {
    ggml::tensor* w = g.make(type, 64, rows);
    w->home = 0;
    w->is_weight = true;
    return w;
  }
  ggml::tensor* named(ggml::tensor* t, const char* name) {
    t->name = name;
    return t;
  }
  /// Names of the nodes as a backend orders them.
  std::string order(const ggml::backend& on, std::vector<ggml::alloc_dep>& deps) {
    on.optimize(g.ordered_nodes(), nullptr, deps);
    std::string names;
    for (const ggml::tensor* t : g.nodes()) names += std::string(t->name) + " ";
    return names;
  }
};

}  // namespace vrambudget::testing
