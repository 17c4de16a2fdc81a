// Decides which backend computes each node, where the graph is cut and what is copied over the cuts,
// and hands the result to the allocator.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "vrambudget/ggml/allocator.hpp"
#include "vrambudget/ggml/ops.hpp"

namespace vrambudget::ggml {

/// A run of nodes on one backend, and the tensors copied to it before it starts.
struct split {
  int backend = 0;
  std::size_t begin = 0, end = 0;  ///< nodes [begin, end) of the graph
  std::vector<tensor*> inputs;
};

/// Schedules graphs over backends in order of priority; the last one is the CPU.
///
/// Source: llama.cpp, ggml/src/ggml-backend.cpp: ggml_backend_sched_split_graph
class scheduler {
 public:
  /// `n_copies` > 1: pipeline parallelism, that many copies of every input, with `copies_unread` also of
  /// those that no node reads. `op_offload`: host weights of large batches are copied to a GPU that asks
  /// for them.
  scheduler(std::span<const backend* const> backends, std::uint32_t n_copies, bool op_offload,
            bool copies_unread = false)
      : backends_(backends.begin(), backends.end()),
        n_copies_(n_copies),
        op_offload_(op_offload),
        copies_unread_(copies_unread),
        allocator_(backends) {}

  /// Assigns and cuts `g`. Tensors whose `backend` is set already stay there.
  void split_graph(graph& g) {
    assign_known(g);
    expand_assignments(g.nodes());
    assign_by_inputs(g.nodes());
    assign_rest(g);
    cut(g);
  }

  /// Plans the buffers of the graph that was split last.
  void plan_buffers(graph& g) {
    schedule(g);
    allocator_.plan(leafs_, nodes_);
  }

  /// The same once more, as backends order the nodes now. `built`: the order that the graph was split in.
  void plan_again(graph& g, std::span<tensor* const> built) {
    allocator::forget(leafs_, nodes_);
    std::copy(built.begin(), built.end(), g.ordered_nodes().begin());
    plan_buffers(g);
  }

  /// Bytes of the compute buffer of backend i, after plan_buffers.
  [[nodiscard]] std::uint64_t buffer_size(std::size_t i) const { return allocator_.size(i); }
  /// The same buffer, piece by piece.
  [[nodiscard]] std::span<const free_list> pieces(std::size_t i) const {
    return allocator_.pieces(i);
  }
  /// How the last buffers were planned.
  [[nodiscard]] decisions decided() const { return allocator_.decided(); }
  [[nodiscard]] std::span<const split> splits() const {
    return std::span(splits_).first(n_splits_);
  }
  /// Nodes in execution order with copies and dependencies, after plan_buffers.
  [[nodiscard]] std::span<const placed> schedule_of_last() const { return nodes_; }

 private:
  using nodes_view = const std::vector<tensor*>&;

  [[nodiscard]] int cpu() const { return static_cast<int>(backends_.size()) - 1; }
  [[nodiscard]] bool supports(int b, const tensor& t) const {
    return backends_[static_cast<std::size_t>(b)]->supports_op(t);
  }
  static void set(tensor& t, int b) { t.backend = static_cast<std::int8_t>(b); }

  // --- who must compute what: outside buffers, inputs, weights

  void assign_known(graph& g) {
    for (tensor* t : g.leafs())
      if (t->backend < 0 && t->is_input) set(*t, cpu());
    for (tensor* t : g.nodes())
      if (t->backend < 0) set(*t, known_backend(g, *t));
  }

  int known_backend(graph& g, const tensor& t) {
    const tensor& root = t.view_src ? *t.view_src : t;
    if (root.home >= 0) {
      if (!supports(root.home, t))
        g.fail(std::string("no backend can write ") + root.name + ", " +
               std::to_string(root.nbytes) + " bytes, where it is");
      return root.home;
    }
    if (t.is_input) return cpu();
    if (t.op == op::rope || t.op == op::flash_attn_ext)
      return -1;  // their weights are too small to decide
    for (int i = 0; i < t.n_src; ++i) {
      const tensor* s = t.src[static_cast<std::size_t>(i)];
      if (s && s->is_weight) return backend_of_weight(t, *s);
    }
    return -1;
  }

  int backend_of_weight(const tensor& t, const tensor& weight) {
    if (weight.home == cpu() && op_offload_ && !weight.repacked)
      for (int b = 0; b < cpu(); ++b)
        if (supports(b, t) && backends_[static_cast<std::size_t>(b)]->wants_offload(t)) return b;
    return supports(weight.home, t) ? weight.home : -1;
  }

  // --- neighbours of assigned nodes, GPUs first

  void expand_assignments(nodes_view nodes) {
    for (const bool gpus_only : {true, false}) {
      int current = -1;
      for (tensor* t : nodes) spread(*t, current, gpus_only);
      current = -1;
      for (auto it = nodes.rbegin(); it != nodes.rend(); ++it) spread(**it, current, gpus_only);
    }
  }

  void spread(tensor& t, int& current, bool gpus_only) {
    if (is_view_op(t.op)) return;
    if (t.backend >= 0) {
      current = gpus_only && t.backend == cpu() ? -1 : t.backend;
    } else if (current >= 0 && supports(current, t)) {
      set(t, current);
    }
  }

  /// A node none of its neighbours' backends can compute goes where most of its sources are.
  void assign_by_inputs(nodes_view nodes) {
    for (tensor* t : nodes) {
      if (is_view_op(t->op) || t->backend >= 0) continue;
      int best = -1;
      for (int b = 0; b <= cpu(); ++b) {
        if (!supports(b, *t)) continue;
        int n = 0;
        for (int i = 0; i < t->n_src; ++i) {
          const tensor* s = t->src[static_cast<std::size_t>(i)];
          if (s && holder(*s) == b) ++n;
        }
        if (n > best) {
          best = n;
          set(*t, b);
        }
      }
    }
  }

  /// The backend whose buffer holds `t`: its own, or that of the tensor it is a view of.
  static int holder(const tensor& t) {
    const tensor& root = t.view_src ? *t.view_src : t;
    if (root.home >= 0) return root.home;
    return t.backend >= 0 ? t.backend : root.backend;
  }

  void assign_rest(graph& g) {
    for (tensor* t : g.nodes()) {
      if (t->view_src && t->backend < 0) set(*t, holder(*t->view_src));
      for (int i = 0; i < t->n_src; ++i) {
        tensor* s = t->src[static_cast<std::size_t>(i)];
        if (!s || s->backend >= 0 || s->home >= 0) continue;
        set(*s, s->view_src ? holder(*s->view_src) : t->backend);
      }
      for (int b = 0; b <= cpu() && t->backend < 0; ++b)
        if (supports(b, *t)) set(*t, b);
      if (t->backend < 0) g.fail(std::string("no backend supports ") + t->name);
    }
  }

  // --- cutting

  void cut(graph& g) {
    n_splits_ = 0;
    graph_inputs_.clear();
    copies_.clear();
    n_copied_ = 0;
    const auto& nodes = g.nodes();
    std::size_t i = 0;
    while (i < nodes.size() && is_view_op(nodes[i]->op)) ++i;
    split* current = &new_split(i < nodes.size() ? nodes[i]->backend : cpu(), 0);
    for (; i < nodes.size(); ++i) {
      tensor& t = *nodes[i];
      if (is_view_op(t.op)) continue;
      if (t.backend != current->backend || needs_new_split(t, *current)) {
        current->end = i;
        current = &new_split(t.backend, i);
      }
      for (int k = 0; k < t.n_src; ++k)
        if (tensor*& s = t.src[static_cast<std::size_t>(k)]; s) s = copy_over(g, *s, *current);
    }
    current->end = nodes.size();
    if (copies_unread_ && n_copies_ > 1) collect_inputs(g);
  }

  /// All inputs, in the order of the graph's leafs, which are then copied in that order.
  void collect_inputs(graph& g) {
    graph_inputs_.clear();
    for (tensor* t : g.leafs()) {
      if (!t->is_input) continue;
      if (!copy_slot(*t, t->backend)) make_copies(g, *t, t->backend, t);
      graph_inputs_.push_back(t);
    }
  }

  split& new_split(int backend_id, std::size_t begin) {
    if (n_splits_ == splits_.size()) splits_.emplace_back();
    split& s = splits_[n_splits_++];
    s.backend = backend_id;
    s.begin = begin;
    s.inputs.clear();
    return s;
  }

  /// A weight of another backend opens a new split, so that copies of earlier weights can be freed.
  [[nodiscard]] bool needs_new_split(const tensor& t, const split& current) const {
    if (current.inputs.empty()) return false;
    return std::any_of(t.src.begin(), t.src.begin() + t.n_src, [&](const tensor* s) {
      return s && s->is_weight && s->home != current.backend;
    });
  }

  /// What a node of `current` reads instead of `s`: `s` itself, or its copy on that backend.
  tensor* copy_over(graph& g, tensor& s, split& current) {
    const int at = s.home >= 0 ? s.home : s.backend;
    if (s.is_input && n_copies_ > 1 && !copy_slot(s, at)) {
      make_copies(g, s, at, &s);
      graph_inputs_.push_back(&s);
    }
    if (at == current.backend || holder(s) == current.backend) return &s;
    if (!copy_slot(s, current.backend)) {
      make_copies(g, s, current.backend, nullptr);
      current.inputs.push_back(&s);
    }
    return copy_slot(s, current.backend);
  }

  /// Copy number c of `s` on backend b; null: not made yet.
  tensor*& copy_slot(tensor& s, int b, std::uint32_t c = 0) {
    const std::size_t row = backends_.size() * n_copies_;
    if (s.copies < 0) {
      s.copies = n_copied_++;
      copies_.resize(copies_.size() + row, nullptr);
    }
    return copies_[static_cast<std::size_t>(s.copies) * row +
                   static_cast<std::size_t>(b) * n_copies_ + c];
  }

  void make_copies(graph& g, tensor& s, int b, tensor* first) {
    for (std::uint32_t c = 0; c < n_copies_; ++c) {
      tensor* t = c == 0 && first ? first : duplicate(g, s);
      if (n_copies_ > 1) t->is_input = t->is_output = true;
      copy_slot(s, b, c) = t;
    }
  }

  static tensor* duplicate(graph& g, const tensor& s) {
    tensor* t = g.make(s.type, s.ne[0], s.ne[1], s.ne[2], s.ne[3]);
    t->nb = s.nb;
    t->nbytes = s.nbytes;
    t->name = s.name;
    t->il = s.il;
    return t;
  }

  // --- the graph as the allocator gets it

  void schedule(graph& g) {
    nodes_.clear();
    leafs_.clear();
    deps_.clear();
    n_deps_done_ = 0;
    for (const split& s : splits()) {
      // what is left is kept until the first node of this split
      deps_.erase(deps_.begin(), deps_.begin() + static_cast<std::ptrdiff_t>(n_deps_done_));
      n_deps_done_ = 0;
      backends_[static_cast<std::size_t>(s.backend)]->optimize(
          g.ordered_nodes().subspan(s.begin, s.end - s.begin),
          s.end < g.nodes().size() ? g.nodes()[s.end] : nullptr, deps_);
      for (tensor* input : s.inputs) {
        nodes_.push_back({hold(g, {input}), input->home >= 0 ? input->home : input->backend});
        nodes_.push_back({copy_slot(*input, s.backend), s.backend});
      }
      for (std::size_t i = s.begin; i < s.end; ++i) {
        tensor* t = g.nodes()[i];
        nodes_.push_back({t, t->backend});
        if (n_deps_done_ < deps_.size()) add_holds(g, t, s.backend);
      }
    }
    add_copied_leafs();
    for (tensor* t : g.leafs()) leafs_.push_back({t, t->backend});
  }

  /// A node that does nothing but use tensors, so that they are still there.
  static tensor* hold(graph& g, std::span<tensor* const> what) {
    tensor* t = g.make_view(op::none, what[0], what[0]->ne, what[0]->nb, 0);
    for (std::size_t i = 0; i < what.size(); ++i) t->src[i] = what[i];
    t->n_src = static_cast<std::uint8_t>(what.size());
    return t;
  }
  static tensor* hold(graph& g, std::initializer_list<tensor*> what) {
    return hold(g, std::span(what.begin(), what.size()));
  }

  void add_holds(graph& g, const tensor* until, int backend_id) {
    held_.clear();
    for (; n_deps_done_ < deps_.size() && deps_[n_deps_done_].until == until; ++n_deps_done_)
      if (tensor* what = deps_[n_deps_done_].what;
          std::find(held_.begin(), held_.end(), what) == held_.end())
        held_.push_back(what);
    for (std::size_t i = 0; i < held_.size(); i += max_src) {
      const std::size_t n = std::min<std::size_t>(max_src, held_.size() - i);
      nodes_.push_back({hold(g, std::span(held_).subspan(i, n)), backend_id});
    }
  }

  void add_copied_leafs() {
    if (n_copies_ <= 1) return;
    const auto add = [&](tensor& t, int b) {
      for (std::uint32_t c = 0; c < n_copies_; ++c) leafs_.push_back({copy_slot(t, b, c), b});
    };
    for (tensor* t : graph_inputs_) add(*t, t->backend);
    for (const split& s : splits())
      for (tensor* t : s.inputs) add(*t, s.backend);
  }

  std::vector<const backend*> backends_;
  std::uint32_t n_copies_;
  bool op_offload_, copies_unread_;
  allocator allocator_;

  std::vector<split> splits_;
  std::size_t n_splits_ = 0;
  std::vector<tensor*> graph_inputs_;
  std::vector<tensor*> copies_;  ///< per copied tensor: backends x copies
  std::int32_t n_copied_ = 0;    ///< rows in copies_
  std::vector<alloc_dep> deps_;  ///< of the current split, and what is left of the one before
  std::size_t n_deps_done_ = 0;
  std::vector<tensor*> held_;
  std::vector<placed> nodes_;
  std::vector<placed> leafs_;
};

}  // namespace vrambudget::ggml
