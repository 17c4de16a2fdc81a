// A graph of shapes-only tensors: makes tensors, keeps them, and puts them in execution order.
// The operations that can be put in it are in ops.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "vrambudget/error.hpp"
#include "vrambudget/ggml/tensor.hpp"

namespace vrambudget::ggml {

/// Owns tensors and the order in which they are computed. Reuse one for many graphs: `clear` keeps
/// its memory. A first broken rule (shapes that do not fit, a size beyond 64 bits, no room for more tensors) is kept
/// in `status()`; building goes on with harmless tensors so that descriptions need no checks.
class graph {
 public:
  /// Tensors that a graph may be made of, whatever a file says: 2^19, some 150 MB. The largest recorded has a
  /// fifth of that.
  static constexpr std::size_t most_tensors = std::size_t{1} << 19;

  /// Forgets all tensors; their memory is used again.
  void clear() {
    n_used_ = 0;
    nodes_.clear();
    leafs_.clear();
    stored_.clear();
    problem_.reset();
    n_weights_ = 0;
    ++number_;
  }

  /// A tensor with the strides of a dense array, not yet in the graph.
  tensor* make(ggml_type type, std::int64_t ne0, std::int64_t ne1 = 1, std::int64_t ne2 = 1,
               std::int64_t ne3 = 1) {
    tensor* t = next();
    t->type = type;
    t->ne = {ne0, ne1, ne2, ne3};
    set_dense_strides(*t);
    return t;
  }

  /// A tensor the caller fills before each run.
  tensor* make_input(const char* name, ggml_type type, std::int64_t ne0, std::int64_t ne1 = 1,
                     std::int64_t ne2 = 1, std::int64_t ne3 = 1) {
    tensor* t = make(type, ne0, ne1, ne2, ne3);
    t->name = name;
    t->is_input = true;
    return t;
  }

  /// A tensor of `owner` in a buffer outside the graph: the same one whenever it is asked for, so that who writes it
  /// and who reads it are seen to meet. `home`: the backend whose memory it is in.
  tensor* make_stored(const void* owner, const char* name, std::int32_t il, int home, ggml_type type,
                      std::int64_t ne0, std::int64_t ne1, std::int64_t ne2 = 1) {
    for (auto s = stored_.rbegin(); s != stored_.rend(); ++s)
      if (s->owner == owner && s->t->il == il && std::string_view(s->t->name) == name) return s->t;
    tensor* t = make(type, ne0, ne1, ne2);
    t->home = static_cast<std::int8_t>(home);
    t->name = name;
    t->il = il;
    stored_.push_back({owner, t});
    return t;
  }

  /// The result of an operation, dense.
  tensor* make_op(op o, ggml_type type, const std::array<std::int64_t, 4>& ne,
                  std::initializer_list<tensor*> sources) {
    tensor* t = make(type, ne[0], ne[1], ne[2], ne[3]);
    t->op = o;
    set_sources(*t, sources);
    return t;
  }

  /// A tensor that shows memory of `source`, or of what `source` itself shows.
  tensor* make_view(op o, tensor* source, const std::array<std::int64_t, 4>& ne,
                    const std::array<std::uint64_t, 4>& nb, std::uint64_t offset) {
    tensor* t = next();
    t->type = source->type;
    t->op = o;
    t->ne = ne;
    t->nb = nb;
    require_extents(*t);
    t->view_src = source->view_src ? source->view_src : source;
    t->view_offs = source->view_offs + offset;
    t->nbytes = span_bytes(*t);
    require(t->view_offs + dense_bytes(*t) <= t->view_src->nbytes, "view: inside its source", *t,
            *t->view_src);
    set_sources(*t, {source});
    return t;
  }

  void set_sources(tensor& t, std::initializer_list<tensor*> sources) {
    std::uint8_t n = 0;
    for (tensor* s : sources) {
      t.src[n++] = s;
      if (s) t.n_src = n;
    }
  }

  /// Adds `t` after everything it needs that is not in the graph yet: depth first, sources in order.
  /// Tensors in buffers of their own (weights, caches) need no place and are not listed.
  /// Source: llama.cpp, ggml/src/ggml.c: ggml_visit_parents_graph
  void expand(tensor* t) {
    if (n_used_ == most_tensors && problem_) return;  // nothing will read it, and it must not grow
    if (!enter(*t)) return;
    entered_.push_back({t, 0});
    while (!entered_.empty()) {  // not by recursion: a file may make chains of any length
      auto& [now, n_seen] = entered_.back();
      if (n_seen == now->n_src) {
        (now->op == op::none ? leafs_ : nodes_).push_back(now);
        entered_.pop_back();
        continue;
      }
      tensor* s = now->src[n_seen++];
      if (!s) continue;
      ++s->uses;
      if (enter(*s)) entered_.push_back({s, 0});
    }
  }

  [[nodiscard]] const std::vector<tensor*>& nodes() const { return nodes_; }
  /// The nodes, for backends that put them in another order.
  [[nodiscard]] std::span<tensor*> ordered_nodes() { return nodes_; }
  [[nodiscard]] const std::vector<tensor*>& leafs() const { return leafs_; }
  /// Different weights that the graph's nodes read.
  [[nodiscard]] std::size_t n_weights() const { return n_weights_; }

  /// Whether an engine could build this graph; the first problem, if there was any.
  [[nodiscard]] result<void> status() const {
    if (problem_) return *problem_;
    return {};
  }
  /// Keeps the problem if it is the first.
  void fail(std::string message) {
    if (!problem_) problem_ = error{errc::invalid_argument, std::move(message)};
  }
  void require(bool holds, const char* rule, const tensor& a, const tensor& b) {
    if (!holds) [[unlikely]]
      fail(broken(rule, a, b));
  }

 private:
  static constexpr std::size_t chunk_size = 8192;
  static_assert(std::is_trivially_destructible_v<tensor>);  // made anew where older ones lie

  /// Whether a tensor gets a place in the order now.
  bool enter(tensor& t) {
    if (t.is_weight && t.seen_in != number_) {
      t.seen_in = number_;
      t.copies = -1;  // it outlives graphs, its copies do not
      ++n_weights_;
    }
    if (t.visited || t.home >= 0) return false;
    return t.visited = true;
  }

  tensor* next() {
    if (n_used_ == most_tensors) [[unlikely]] {
      fail("its graph has more than " + std::to_string(most_tensors) + " tensors");
      --n_used_;  // the last one is made anew, which nothing will read
    }
    if (n_used_ == chunks_.size() * chunk_size)
      chunks_.push_back(std::make_unique_for_overwrite<std::byte[]>(chunk_size * sizeof(tensor)));
    std::byte* at = &chunks_[n_used_ / chunk_size][n_used_ % chunk_size * sizeof(tensor)];
    ++n_used_;
    return ::new (at) tensor;
  }

  void require_extents(tensor& t) {
    if (std::all_of(t.ne.begin(), t.ne.end(), [](std::int64_t n) { return n >= 0; })) [[likely]]
      return;
    fail("a dimension of a tensor of the graph is below zero");
    t.ne = {1, 1, 1, 1};
  }

  void set_dense_strides(tensor& t) {
    require_extents(t);
    const type_traits& tr = traits(t.type);
    t.nb[0] = tr.block_bytes;
    bool wraps =
        __builtin_mul_overflow(t.nb[0], static_cast<std::uint64_t>(t.ne[0] / tr.block), &t.nb[1]);
    wraps |= __builtin_mul_overflow(t.nb[1], static_cast<std::uint64_t>(t.ne[1]), &t.nb[2]);
    wraps |= __builtin_mul_overflow(t.nb[2], static_cast<std::uint64_t>(t.ne[2]), &t.nb[3]);
    std::uint64_t all = 0;
    wraps |= __builtin_mul_overflow(t.nb[3], static_cast<std::uint64_t>(t.ne[3]), &all);
    if (wraps || all > (std::uint64_t{1} << 62)) [[unlikely]] {
      fail("a tensor of the graph needs more than 2^62 bytes");
      t.ne = {1, 1, 1, 1};
      t.nb = {tr.block_bytes, tr.block_bytes, tr.block_bytes, tr.block_bytes};
      all = tr.block_bytes;
    }
    t.nbytes = all;
  }

  /// Bytes of all elements, side by side.
  static std::uint64_t dense_bytes(const tensor& t) {
    std::uint64_t n = row_size(t.type, static_cast<std::uint64_t>(t.ne[0])).count;
    for (std::size_t i = 1; i < 4; ++i) n *= static_cast<std::uint64_t>(t.ne[i]);
    return n;
  }

  /// Bytes from the first element to past the last; zero if there is none.
  /// Source: llama.cpp, ggml/src/ggml.c: ggml_nbytes
  static std::uint64_t span_bytes(const tensor& t) {
    for (const std::int64_t n : t.ne)
      if (n <= 0) return 0;
    const type_traits& tr = traits(t.type);
    std::uint64_t n = tr.block == 1
                          ? tr.block_bytes + static_cast<std::uint64_t>(t.ne[0] - 1) * t.nb[0]
                          : static_cast<std::uint64_t>(t.ne[0]) * t.nb[0] / tr.block;
    for (std::size_t i = 1; i < 4; ++i) n += static_cast<std::uint64_t>(t.ne[i] - 1) * t.nb[i];
    return n;
  }

  static std::string broken(const char* rule, const tensor& a, const tensor& b) {
    const auto shape = [](const tensor& t) {
      std::string s = std::string(t.name) + "[";
      for (const std::int64_t n : t.ne) s += std::to_string(n) + (&n == &t.ne.back() ? "]" : ", ");
      return s;
    };
    return std::string(rule) + " does not hold for " + shape(a) + " and " + shape(b);
  }

  struct stored {
    const void* owner;
    tensor* t;
  };
  struct entered {
    tensor* t;
    std::uint8_t n_seen;  ///< of its sources
  };

  std::vector<stored> stored_;
  std::vector<std::unique_ptr<std::byte[]>> chunks_;  ///< of tensors; touched as they are made
  std::size_t n_used_ = 0;
  std::vector<tensor*> nodes_;
  std::vector<tensor*> leafs_;
  std::vector<entered> entered_;  ///< by expand(), from one tensor to what it needs
  std::optional<error> problem_;
  std::size_t n_weights_ = 0;
  std::uint32_t number_ = 1;
};

}  // namespace vrambudget::ggml
