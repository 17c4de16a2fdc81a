// Places the tensors of a scheduled graph in compute buffers, exactly as ggml-alloc does. A buffer's
// size is the highest byte ever used in it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "vrambudget/ggml/backend.hpp"
#include "vrambudget/ggml/decisions.hpp"

namespace vrambudget::ggml {

/// The free space of one piece of a buffer, by address.
class free_list {
 public:
  struct block {
    std::uint64_t offset, size;
  };

  explicit free_list(std::uint64_t size) : blocks_{{0, size}} {}

  /// The smallest block that holds `size` bytes, the last of equals, but not the last of all, which is open; nothing
  /// fits: -1.
  [[nodiscard]] std::ptrdiff_t best_fit(std::uint64_t size) {
    std::ptrdiff_t best = -1;
    std::uint64_t best_size = ~std::uint64_t{0}, which_fit = blocks_.size();
    for (std::size_t i = 0; i + 1 < blocks_.size(); ++i) {
      const bool fits = blocks_[i].size >= size;
      which_fit = std::rotl(which_fit, 1) ^ static_cast<std::uint64_t>(fits);
      if (fits && blocks_[i].size <= best_size) {
        best = static_cast<std::ptrdiff_t>(i);
        best_size = blocks_[i].size;
      }
    }
    decided_.add(static_cast<std::uint64_t>(best));
    decided_.add(which_fit);
    return best;
  }
  /// Null: nothing is free.
  [[nodiscard]] const block* last() const { return blocks_.empty() ? nullptr : &blocks_.back(); }
  [[nodiscard]] std::ptrdiff_t index_of_last() const {
    return static_cast<std::ptrdiff_t>(blocks_.size()) - 1;
  }

  std::uint64_t take(std::ptrdiff_t i, std::uint64_t size) {
    block& b = blocks_[static_cast<std::size_t>(i)];
    const std::uint64_t address = b.offset;
    b.offset += size;
    b.size -= size;
    decided_.add(b.size == 0);
    if (b.size == 0) erase(static_cast<std::size_t>(i));
    high_water_ = std::max(high_water_, address + size);
    return address;
  }

  /// Gives bytes back and joins them with free neighbours.
  void give_back(std::uint64_t address, std::uint64_t size) {
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
      block& b = blocks_[i];
      if (b.offset + b.size == address) {
        b.size += size;
        const bool joins = i + 1 < blocks_.size() && b.offset + b.size == blocks_[i + 1].offset;
        decided_.add(4 * i + (joins ? 1 : 0));
        if (joins) {
          b.size += blocks_[i + 1].size;
          erase(i + 1);
        }
        return;
      }
      if (address + size == b.offset) {
        b.offset = address;
        b.size += size;
        const bool joins = i > 0 && blocks_[i - 1].offset + blocks_[i - 1].size == b.offset;
        decided_.add(4 * i + (joins ? 3 : 2));
        if (joins) {
          blocks_[i - 1].size += b.size;
          erase(i);
        }
        return;
      }
    }
    const auto at = std::find_if(blocks_.begin(), blocks_.end(),
                                 [&](const block& b) { return b.offset >= address; });
    decided_.add(~static_cast<std::uint64_t>(at - blocks_.begin()));
    blocks_.insert(at, {address, size});
  }

  /// Bytes that were ever used.
  [[nodiscard]] std::uint64_t high_water() const { return high_water_; }
  [[nodiscard]] const decisions& decided() const { return decided_; }

 private:
  void erase(std::size_t i) { blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i)); }

  std::uint64_t high_water_ = 0;
  decisions decided_;
  std::vector<block> blocks_;
};

/// One buffer, in pieces of its type's largest size, with one that is endless where there are too many.
/// Source: llama.cpp, ggml/src/ggml-alloc.c: ggml_dyn_tallocr_*
class buffer_space {
 public:
  struct place {
    std::uint8_t piece;
    std::uint64_t offset;
  };

  explicit buffer_space(const buffer_type& type) : type_(type) {}

  void reset() {
    pieces_.clear();
    decided_ = {};
  }

  /// Takes `size` bytes: where there is a hole, else at the end of the piece that grows least, else of a new one.
  place take(std::uint64_t size) {
    size = align(size);
    std::ptrdiff_t piece = -1, block = -1;
    for (std::size_t i = 0; i < pieces_.size(); ++i)
      if (const std::ptrdiff_t fit = pieces_[i].best_fit(size); fit >= 0) {
        piece = static_cast<std::ptrdiff_t>(i);
        block = fit;
      }
    if (piece < 0 && (piece = at_end(size)) >= 0)
      block = pieces_[static_cast<std::size_t>(piece)].index_of_last();
    if (piece < 0) {
      piece = static_cast<std::ptrdiff_t>(pieces_.size());
      block = 0;
      const bool endless = type_.largest == 0 || pieces_.size() + 1 == most_pieces;
      pieces_.emplace_back(endless ? std::uint64_t{1} << 62 : std::max(size, type_.largest));
    }
    free_list& in = pieces_[static_cast<std::size_t>(piece)];
    const std::uint64_t had = in.high_water();
    const place at{static_cast<std::uint8_t>(piece), in.take(block, size)};
    if (type_.largest > 0) decided_.add(in.high_water() > had);  // it is asked for between pieces
    return at;
  }

  void give_back(const place& at, std::uint64_t size) {
    pieces_[at.piece].give_back(at.offset, align(size));
  }

  [[nodiscard]] std::uint64_t align(std::uint64_t n) const {
    return (n + type_.alignment - 1) / type_.alignment * type_.alignment;
  }
  /// Bytes that the buffer needs for everything that was placed since `reset`.
  [[nodiscard]] std::uint64_t size() const {
    std::uint64_t sum = 0;
    for (const free_list& p : pieces_) sum += p.high_water();
    return sum;
  }
  [[nodiscard]] std::span<const free_list> pieces() const { return pieces_; }
  /// In all of its pieces, since `reset`.
  [[nodiscard]] decisions decided() const {
    decisions all = decided_;
    for (const free_list& p : pieces_) all.add(p.decided());
    return all;
  }

 private:
  static constexpr std::size_t most_pieces = 16;  ///< GGML_VBUFFER_MAX_CHUNKS

  /// The piece whose open end takes `size` bytes and grows least, or has least left then; -1: none.
  [[nodiscard]] std::ptrdiff_t at_end(std::uint64_t size) {
    std::ptrdiff_t best = -1;
    std::int64_t best_left = std::numeric_limits<std::int64_t>::min();
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      const free_list::block* const end = pieces_[i].last();
      const bool fits = end && end->size >= size;
      decided_.add(fits);
      if (!fits) continue;
      const auto left = static_cast<std::int64_t>(pieces_[i].high_water() - end->offset - size);
      decided_.add(left >= 0);
      if ((best_left < 0 && left > best_left) || (left >= 0 && left < best_left)) {
        best = static_cast<std::ptrdiff_t>(i);
        best_left = left;
      }
    }
    decided_.add(static_cast<std::uint64_t>(best));
    return best;
  }

  buffer_type type_;
  decisions decided_;  ///< between pieces
  std::vector<free_list> pieces_;
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
    for (const backend* b : backends_) buffers_.emplace_back(b->buffers());
  }

  /// Places leafs, then nodes in execution order; afterwards `size(i)` is what buffer i needs.
  void plan(std::span<const placed> leafs, std::span<const placed> nodes) {
    for (buffer_space& b : buffers_) b.reset();
    for (const placed& p : leafs) allocate(*p.t, p.backend);
    for (const placed& p : nodes) count(p);
    for (const placed& p : nodes) run(p);
  }

  /// Takes back what plan() noted in the tensors, so that they can be planned again.
  static void forget(std::span<const placed> leafs, std::span<const placed> nodes) {
    const auto clear = [](tensor& t) {
      t.allocated = false;
      t.n_children = t.n_views = 0;
    };
    for (const placed& p : leafs) clear(*p.t);
    for (const placed& p : nodes) {
      clear(*p.t);
      if (p.t->view_src) clear(*p.t->view_src);
      for (int i = 0; i < p.t->n_src; ++i)
        if (tensor* s = p.t->src[static_cast<std::size_t>(i)]) clear(*s);
    }
  }

  [[nodiscard]] std::uint64_t size(std::size_t buffer) const { return buffers_[buffer].size(); }
  [[nodiscard]] std::span<const free_list> pieces(std::size_t buffer) const {
    return buffers_[buffer].pieces();
  }
  /// In the last plan.
  [[nodiscard]] decisions decided() const {
    decisions all;
    for (const buffer_space& b : buffers_) all.add(b.decided());
    return all;
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
    const buffer_space::place at = buffer_of(t).take(size_of(t));
    t.piece = at.piece;
    t.address = at.offset;
  }

  bool reuse(tensor& t, tensor& s) {
    if (!s.allocated || s.is_output || s.n_children != 1 || s.n_views != 0 || !same_layout(t, s))
      return false;
    t.buffer = s.buffer;
    t.piece = s.piece;
    t.address = s.address;
    s.allocated = false;
    const std::uint64_t had = buffer_of(s).align(size_of(s));
    const std::uint64_t needs = buffer_of(s).align(size_of(t));
    if (had > needs) buffer_of(s).give_back({s.piece, s.address + needs}, had - needs);
    return true;
  }

  void release(tensor& t) {
    if (t.is_output) return;
    buffer_of(t).give_back({t.piece, t.address}, size_of(t));
    t.allocated = false;
  }

  buffer_space& buffer_of(const tensor& t) { return buffers_[static_cast<std::size_t>(t.buffer)]; }
  std::uint64_t size_of(const tensor& t) const {
    return backends_[static_cast<std::size_t>(t.buffer)]->alloc_size(t);
  }

  std::vector<const backend*> backends_;
  std::vector<buffer_space> buffers_;
};

}  // namespace vrambudget::ggml
