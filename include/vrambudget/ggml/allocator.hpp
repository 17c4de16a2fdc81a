// Places the tensors of a scheduled graph in compute buffers, exactly as ggml-alloc does. A buffer's
// size is the highest byte ever used in it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "vrambudget/ggml/backend.hpp"

namespace vrambudget::ggml {

/// The free space of one buffer: best fit, lowest address, open end.
/// Source: llama.cpp, ggml/src/ggml-alloc.c: ggml_dyn_tallocr_*
class free_list {
 public:
  explicit free_list(std::uint64_t alignment = 1) : alignment_(alignment) { reset(); }

  void reset() {
    blocks_.assign(1, {0, std::uint64_t{1} << 62});
    high_water_ = 0;
  }

  /// Takes `size` bytes: the smallest block that fits, the last of equals, the open end if none does.
  std::uint64_t take(std::uint64_t size) {
    size = align(size);
    std::size_t best = blocks_.size() - 1;
    std::uint64_t best_size = ~std::uint64_t{0};
    for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) {
      if (blocks_[i].size >= size && blocks_[i].size <= best_size) {
        best = i;
        best_size = blocks_[i].size;
      }
    }
    block& b = blocks_[best];
    const std::uint64_t address = b.offset;
    b.offset += size;
    b.size -= size;
    if (b.size == 0) blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(best));
    high_water_ = std::max(high_water_, address + size);
    return address;
  }

  /// Gives bytes back and joins them with free neighbours.
  void give_back(std::uint64_t address, std::uint64_t size) {
    size = align(size);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      block& b = blocks_[i];
      if (b.offset + b.size == address) {
        b.size += size;
        if (i + 1 < blocks_.size() && b.offset + b.size == blocks_[i + 1].offset) {
          b.size += blocks_[i + 1].size;
          erase(i + 1);
        }
        return;
      }
      if (address + size == b.offset) {
        b.offset = address;
        b.size += size;
        if (i > 0 && blocks_[i - 1].offset + blocks_[i - 1].size == b.offset) {
          blocks_[i - 1].size += b.size;
          erase(i);
        }
        return;
      }
    }
    const auto at = std::find_if(blocks_.begin(), blocks_.end(),
                                 [&](const block& b) { return b.offset >= address; });
    blocks_.insert(at, {address, size});
  }

  [[nodiscard]] std::uint64_t align(std::uint64_t n) const {
    return (n + alignment_ - 1) / alignment_ * alignment_;
  }
  /// Bytes the buffer needs for everything placed since `reset`.
  [[nodiscard]] std::uint64_t high_water() const { return high_water_; }

 private:
  struct block {
    std::uint64_t offset, size;
  };
  void erase(std::size_t i) { blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i)); }

  std::uint64_t alignment_;
  std::uint64_t high_water_ = 0;
  std::vector<block> blocks_;
};

/// A tensor and the backend whose buffer it goes to.
struct placed {
  tensor* t;
  int backend;
};

/// Plans a whole graph. Buffer i belongs to backend i.
///
/// Source:   llama.cpp, ggml/src/ggml-alloc.c: ggml_gallocr_alloc_graph_impl
class allocator {
 public:
  explicit allocator(std::span<const backend* const> backends)
      : backends_(backends.begin(), backends.end()) {
    for (const backend* b : backends_) buffers_.emplace_back(b->alignment());
  }

  /// Places leafs, then nodes in execution order; afterwards `size(i)` is what buffer i needs.
  void plan(std::span<const placed> leafs, std::span<const placed> nodes) {
    for (free_list& b : buffers_) b.reset();
    for (const placed& p : leafs) allocate(*p.t, p.backend);
    for (const placed& p : nodes) count(p);
    for (const placed& p : nodes) run(p);
  }

  [[nodiscard]] std::uint64_t size(std::size_t buffer) const {
    return buffers_[buffer].high_water();
  }

 private:
  void count(const placed& p) {
    if (p.t->view_src && p.t->op != op::none) ++p.t->view_src->n_views;
    if (p.t->is_input) allocate(*p.t, p.backend);
    for (int i = 0; i < p.t->n_src; ++i) {
      tensor* s = p.t->src[static_cast<std::size_t>(i)];
      if (!s) continue;
      ++s->n_children;
      if (s->is_input) allocate(*s, p.backend);
    }
  }

  void run(const placed& p) {
    const auto sources = std::span(p.t->src).first(p.t->n_src);
    for (tensor* s : sources)
      if (s) allocate(*s, p.backend);
    allocate(*p.t, p.backend);
    for (tensor* s : sources)
      if (s) used(*s);
  }

  /// One use of `s` is over: frees it, or what it is a view of, after the last.
  void used(tensor& s) {
    if (--s.n_children != 0 || s.n_views != 0) return;
    if (tensor* root = s.view_src) {
      if (--root->n_views == 0 && root->n_children == 0 && root->allocated) release(*root);
    } else if (s.allocated) {
      release(s);
    }
  }

  void allocate(tensor& t, int backend_id) {
    if (t.allocated || t.view_src || t.home >= 0) return;
    t.allocated = true;
    if (can_reuse_source(t.op))
      for (int i = 0; i < t.n_src; ++i)
        if (tensor* s = t.src[static_cast<std::size_t>(i)]; s && reuse(t, *s)) return;
    t.buffer = static_cast<std::int8_t>(backend_id);
    t.address = buffer_of(t).take(size_of(t));
  }

  bool reuse(tensor& t, tensor& s) {
    if (!s.allocated || s.is_output || s.n_children != 1 || s.n_views != 0 || !same_layout(t, s))
      return false;
    t.buffer = s.buffer;
    t.address = s.address;
    s.allocated = false;
    const std::uint64_t had = buffer_of(s).align(size_of(s));
    const std::uint64_t needs = buffer_of(s).align(size_of(t));
    if (had > needs) buffer_of(s).give_back(s.address + needs, had - needs);
    return true;
  }

  void release(tensor& t) {
    if (t.is_output) return;
    buffer_of(t).give_back(t.address, size_of(t));
    t.allocated = false;
  }

  free_list& buffer_of(const tensor& t) { return buffers_[static_cast<std::size_t>(t.buffer)]; }
  std::uint64_t size_of(const tensor& t) const {
    return backends_[static_cast<std::size_t>(t.buffer)]->alloc_size(t);
  }

  std::vector<const backend*> backends_;
  std::vector<free_list> buffers_;
};

}  // namespace vrambudget::ggml
