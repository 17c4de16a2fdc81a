// llama_context::sched_reserve reserves three graphs: a prompt of a full micro-batch, one token a sequence, and
// the prompt again. The two functions at the end take the place of libllama's and call them; after each of the
// first two the scheduler's graph, in execution order and with its copies of inputs, is read out together with
// the allocator's offsets. Where nothing is allocated the engine computes offsets for the first graph only; for
// the second they are asked for here.
#define private public
#include "llama-context.h"
#undef private
#include <dlfcn.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <unordered_map>

#include "graph.hpp"
#include "refusal.hpp"
#include "scheduler_layout.hpp"

namespace recorder {
namespace {

std::FILE* file = nullptr;
const char* prefix = nullptr;
int n_reserved = 0;  // by this sched_reserve

class printer {
 public:
  printer(ggml_backend_sched* scheduler, std::string phase)
      : s_(*scheduler), a_(*scheduler->galloc), phase_(std::move(phase)) {
    if (s_.n_backends != ggml_backend_sched_get_n_backends(scheduler) ||
        s_.n_splits != ggml_backend_sched_get_n_splits(scheduler) ||
        a_.n_nodes != s_.graph.n_nodes || a_.n_leafs != s_.graph.n_leafs)
      refuse("scheduler_layout.hpp is not that of this engine");
    for (int i = 0; i < a_.n_leafs; ++i)
      places_.emplace(s_.graph.leafs[i], &a_.leaf_allocs[i].leaf);
    for (int i = 0; i < a_.n_nodes; ++i) places_.emplace(s_.graph.nodes[i], &a_.node_allocs[i].dst);
  }

  /// Inputs, then nodes; weights and caches, which have buffers of their own, are left out.
  void print() const {
    for (int i = 0; i < a_.n_leafs; ++i)
      if (placed(s_.graph.leafs[i])) print(s_.graph.leafs[i], s_.leaf_backend_ids[i]);
    for (int i = 0; i < a_.n_nodes; ++i) print(s_.graph.nodes[i], s_.node_backend_ids[i]);
  }

 private:
  [[nodiscard]] const tensor_alloc* placed(const ggml_tensor* t) const {
    if (t->view_src || t->buffer || t->data) return nullptr;
    const auto it = places_.find(t);
    return it == places_.end() || it->second->buffer_id < 0 ? nullptr : it->second;
  }
  [[nodiscard]] std::string place(const ggml_tensor* t) const {
    if (t->view_src) return "view";
    const tensor_alloc* a = placed(t);
    if (!a) return "own";
    const std::string chunk = a->addr.chunk > 0 ? "." + std::to_string(a->addr.chunk) : "";
    return "B" + std::to_string(a->buffer_id) + chunk + "+" + std::to_string(a->addr.offset);
  }
  static std::string sources(const ggml_tensor* t) {
    std::string names;
    for (const ggml_tensor* source : t->src)
      if (source) names += (names.empty() ? "" : ", ") + std::string(source->name);
    return names;
  }
  void print(const ggml_tensor* t, int backend) const {
    std::string op = ggml_op_name(t->op);
    std::transform(op.begin(), op.end(), op.begin(),
                   [](unsigned char c) { return std::tolower(c); });
    const auto ne = [t](int i) { return static_cast<long long>(t->ne[i]); };
    std::fprintf(file, "%s\t%s\t-\t%s\t%s\t%lld,%lld,%lld,%lld\t%zu\t%d\t%s\t%s\n", phase_.c_str(),
                 op.c_str(), t->name, ggml_type_name(t->type), ne(0), ne(1), ne(2), ne(3),
                 ggml_nbytes(t), backend, place(t).c_str(), sources(t).c_str());
  }

  const ggml_backend_sched& s_;
  const ggml_gallocr& a_;
  std::string phase_;
  std::unordered_map<const ggml_tensor*, const tensor_alloc*> places_;
};

template <class Function>
Function engines(const char* symbol) {
  void* p = ::dlsym(RTLD_NEXT, symbol);
  if (!p) refuse(std::string("the engine has no ") + symbol);
  return reinterpret_cast<Function>(p);
}

}  // namespace

void write_graphs(const std::string& path) {
  file = std::fopen(path.c_str(), "w");
  if (!file) refuse("cannot write " + path);
}

void graphs_of(const char* phases) { prefix = phases; }

}  // namespace recorder

void llama_context::sched_reserve() {
  static const auto original =
      recorder::engines<void (*)(llama_context*)>("_ZN13llama_context13sched_reserveEv");
  recorder::n_reserved = 0;
  original(this);
  if (recorder::file) std::fflush(recorder::file);
}

ggml_cgraph* llama_context::graph_reserve(std::uint32_t n_tokens, std::uint32_t n_seqs,
                                          std::uint32_t n_outputs,
                                          const llama_memory_context_i* mctx, bool split_only,
                                          std::size_t* sizes) {
  using function = ggml_cgraph* (*)(llama_context*, std::uint32_t, std::uint32_t, std::uint32_t,
                                    const llama_memory_context_i*, bool, std::size_t*);
  static const auto original = recorder::engines<function>(
      "_ZN13llama_context13graph_reserveEjjjPK22llama_memory_context_ibPm");
  // whether the cards have an operation is asked before the first graph, with nothing to allocate
  const bool probe = recorder::n_reserved == 0 && split_only && !sizes;
  if (!recorder::file || !recorder::prefix || probe || recorder::n_reserved >= 2)
    return original(this, n_tokens, n_seqs, n_outputs, mctx, split_only, sizes);

  std::size_t unused[64] = {};
  ggml_cgraph* graph = original(this, n_tokens, n_seqs, n_outputs, mctx, split_only,
                                split_only && !sizes ? unused : sizes);
  const char* phase = recorder::n_reserved++ == 0 ? "prompt" : "generation";
  if (graph) recorder::printer(sched.get(), std::string(recorder::prefix) + phase).print();
  return graph;
}
