// The order in which Metal computes the nodes of a split: what can run beside a set of nodes is taken forward to it.
// Lifetimes, and with them buffers, follow it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "vrambudget/backends/metal/fusion.hpp"

namespace vrambudget::metal::detail {

/// Puts the nodes of one split in another order, those of a kernel together.
///
/// Source: llama.cpp, ggml/src/ggml-metal/ggml-metal-common.cpp: ggml_graph_optimize
class reorder {
 public:
  explicit reorder(std::span<tensor*> nodes) : nodes_(nodes) { find_groups(); }

  /// `projects`: weights and caches have no addresses yet.
  void run(bool projects) {
    const std::vector<std::uint32_t> order = order_of(projects);
    // where no buffer is written twice there is one order
    if (!projects && shares_)
      if (const auto other = order_of(true); !is_like(order, other)) projected_ = in_order(other);
    const std::vector<tensor*> nodes = in_order(order);
    std::copy(nodes.begin(), nodes.end(), nodes_.begin());
  }

  /// Whether what that computes is in another order than without addresses.
  [[nodiscard]] bool depends_on_addresses() const { return !projected_.empty(); }
  /// That other order.
  [[nodiscard]] std::vector<tensor*> projected() { return std::move(projected_); }

 private:
  static constexpr std::size_t window = 64;
  using memory = std::uint32_t;  ///< number of what a tensor is or shows
  static constexpr memory none = ~memory{0};

  /// Groups before one: bit n is the group n + 1 before it.
  using before = std::uint64_t;
  /// Of accesses_: those that read, then those that write.
  struct access_range {
    std::uint32_t first_read = 0, first_written = 0, end = 0;
    before conflicts = 0;  ///< groups that write what this one reads or writes, or read what it writes
  };
  /// Nodes of one kernel.
  struct group {
    std::uint32_t first, n_nodes;
    access_range own;
    access_range shared;  ///< what is more without addresses: to whole buffers
    bool is_empty, may_move, is_placed;
    bool shows_stored;  ///< computes nothing, and is a view of what lies outside the graph
  };
  /// Who had to do with a memory.
  struct history {
    std::uint32_t read_in = 0, written_in = 0;  ///< the last sets of nodes that run beside each other
    std::uint32_t last = 0;                     ///< group; bit 0 of these is it:
    before readers = 0, writers = 0;
  };

  static bool may_move(op o) {
    switch (o) {
      case op::mul_mat:
      case op::mul_mat_id:
      case op::rope:
      case op::norm:
      case op::rms_norm:
      case op::group_norm:
      case op::l2_norm:
      case op::sum_rows:
      case op::ssm_conv:
      case op::ssm_scan:
      case op::clamp:
      case op::tri:
      case op::diag:
      case op::mul:
      case op::add:
      case op::sub:
      case op::div:
      case op::glu:
      case op::scale:
      case op::unary:
      case op::get_rows:
      case op::set_rows:
      case op::set:
      case op::cpy:
      case op::cont:
      case op::repeat:
        return true;
      default:
        return is_view_op(o);
    }
  }

  // --- sets of nodes: who writes what is read or written does not run beside it

  /// Whether a group runs beside those that run.
  [[nodiscard]] bool runs_beside(const group& g) const {
    return meets_no_writer(g.own) && (!projects_ || meets_no_writer(g.shared));
  }
  [[nodiscard]] bool meets_no_writer(const access_range& r) const {
    for (std::uint32_t a = r.first_read; a < r.end; ++a) {
      const history& h = histories_[accesses_[a]];
      if (h.written_in == running_ || (a >= r.first_written && h.read_in == running_)) return false;
    }
    return true;
  }
  /// Whether it can pass those of `waiting`.
  [[nodiscard]] bool passes(const group& g, before waiting) const {
    return ((g.own.conflicts | (projects_ ? g.shared.conflicts : 0)) & waiting) == 0;
  }
  /// Adds a group to those that run.
  void place(std::uint32_t i) {
    group& g = groups_[i];
    g.is_placed = true;
    for (const access_range& r : {g.own, g.shared}) {
      for (std::uint32_t a = r.first_read; a < r.first_written; ++a)
        histories_[accesses_[a]].read_in = running_;
      for (std::uint32_t a = r.first_written; a < r.end; ++a)
        histories_[accesses_[a]].written_in = running_;
    }
    order_.push_back(i);
  }

  /// Places what can run beside those that run and before group `i`, which can't.
  void begin_before(std::uint32_t i) {
    before waiting = 0;
    bool waits = true;  // the group before j
    const std::size_t end = std::min(groups_.size(), i + window);
    for (std::uint32_t j = i + 1; j < end; ++j) {
      waiting = waiting << 1 | before{waits};
      waits = false;
      const group& g = groups_[j];
      if (g.is_placed) continue;
      if (!g.may_move) break;
      waits = !passes(g, waiting) || !(g.is_empty || runs_beside(g));
      if (!waits) place(j);
    }
  }

  [[nodiscard]] std::vector<std::uint32_t> order_of(bool projects) {
    projects_ = projects;
    for (group& g : groups_) g.is_placed = false;
    order_.clear();
    order_.reserve(groups_.size());
    ++running_;
    for (std::uint32_t i = 0; i < groups_.size(); ++i) {
      const group& g = groups_[i];
      if (g.is_placed) continue;
      if (!g.is_empty && !runs_beside(g)) {
        // all that runs must be done first; until then others may begin
        begin_before(i);
        ++running_;
      }
      place(i);
    }
    return std::move(order_);
  }
  [[nodiscard]] std::vector<tensor*> in_order(const std::vector<std::uint32_t>& order) const {
    std::vector<tensor*> nodes;
    nodes.reserve(nodes_.size());
    for (const std::uint32_t i : order) {
      const auto first = nodes_.begin() + static_cast<std::ptrdiff_t>(groups_[i].first);
      nodes.insert(nodes.end(), first, first + static_cast<std::ptrdiff_t>(groups_[i].n_nodes));
    }
    return nodes;
  }
  /// Whether all but views of what lies outside the graph is in one order.
  [[nodiscard]] bool is_like(const std::vector<std::uint32_t>& a,
                             const std::vector<std::uint32_t>& b) const {
    auto other = b.begin();
    for (const std::uint32_t i : a) {
      if (groups_[i].shows_stored) continue;
      while (groups_[*other].shows_stored) ++other;
      if (*other++ != i) return false;
    }
    return true;
  }

  // --- groups and what they read and write

  static tensor& root_of(tensor& t) { return t.view_src ? *t.view_src : t; }
  /// Whether all of a buffer is one where nothing in it has an address. Of weights it only matters if any is written.
  [[nodiscard]] bool lies_in_buffer(const tensor& root) const {
    return root.owner || (root.is_weight && writes_weights_);
  }

  memory new_memory() {
    histories_.emplace_back();
    return static_cast<memory>(histories_.size() - 1);
  }
  memory memory_of(tensor& root) {
    if (root.number == none) root.number = new_memory();
    return root.number;
  }
  /// `owner`: of a cache; null: the weights' one.
  memory memory_of_buffer(const void* owner) {
    for (const auto& [of, m] : buffers_)
      if (of == owner) return m;
    buffers_.emplace_back(owner, new_memory());
    return buffers_.back().second;
  }

  void find_groups() {
    for (tensor* t : nodes_) {
      root_of(*t).number = none;
      writes_weights_ = writes_weights_ || root_of(*t).is_weight;
      for (int i = 0; i < t->n_src; ++i)
        if (tensor* s = t->src[static_cast<std::size_t>(i)]) root_of(*s).number = none;
    }
    kernels found(nodes_);
    groups_.reserve(nodes_.size());
    accesses_.reserve(4 * nodes_.size());
    histories_.reserve(2 * nodes_.size());
    for (std::size_t i = 0; i < nodes_.size();) {
      const std::size_t n = found.length_at(i);
      add_group(i, n);
      i += n;
    }
  }

  void add_group(std::size_t first, std::size_t n) {
    const auto nodes = nodes_.subspan(first, n);
    const tensor& begin = *nodes[0];
    group g{.first = static_cast<std::uint32_t>(first),
            .n_nodes = static_cast<std::uint32_t>(n),
            .own = {},
            .shared = {},
            .is_empty = is_view_op(begin.op),
            .may_move = may_move(begin.op),
            .is_placed = false,
            .shows_stored = is_view_op(begin.op) && begin.view_src && begin.view_src->home >= 0};
    bool shares = false;
    g.own = add_accesses(nodes, [&](tensor& root) {
      shares = shares || lies_in_buffer(root);
      accesses_.push_back(memory_of(root));
    });
    if (shares)
      g.shared = add_accesses(nodes, [&](tensor& root) {
        if (lies_in_buffer(root)) accesses_.push_back(memory_of_buffer(root.owner));
      });
    shares_ = shares_ || shares;
    groups_.push_back(g);
  }
  /// `add_root`: adds the access to one. What has an address and no bytes meets nobody.
  template <class Add>
  access_range add_accesses(std::span<tensor*> nodes, Add&& add_root) {
    const auto end = [&] { return static_cast<std::uint32_t>(accesses_.size()); };
    const auto add = [&](tensor& root) {
      if (root.home < 0 || root.nbytes > 0) add_root(root);
    };
    access_range r{.first_read = end()};
    for (const tensor* t : nodes)
      for (int i = 0; i < t->n_src; ++i)
        if (tensor* s = t->src[static_cast<std::size_t>(i)];
            s && std::find(nodes.begin(), nodes.end(), s) == nodes.end())
          add(root_of(*s));
    r.first_written = end();
    for (tensor* t : nodes) add(root_of(*t));
    r.end = end();
    find_conflicts(r);
    return r;
  }
  /// Of the group that is added next.
  void find_conflicts(access_range& r) {
    const auto now = static_cast<std::uint32_t>(groups_.size());
    for (std::uint32_t a = r.first_read; a < r.end; ++a) {
      history& h = histories_[accesses_[a]];
      const std::uint32_t passed = now - h.last;
      h.readers = passed < window ? h.readers << passed : 0;
      h.writers = passed < window ? h.writers << passed : 0;
      h.last = now;
      const bool writes = a >= r.first_written;
      r.conflicts |= (h.writers | (writes ? h.readers : 0)) >> 1;
      (writes ? h.writers : h.readers) |= 1;
    }
  }

  std::span<tensor*> nodes_;
  bool projects_ = false, shares_ = false, writes_weights_ = false;
  std::vector<group> groups_;
  std::vector<memory> accesses_;
  std::vector<history> histories_;                       ///< by memory
  std::vector<std::pair<const void*, memory>> buffers_;  ///< that are one memory without addresses
  std::uint32_t running_ = 0;                            ///< number of the set
  std::vector<std::uint32_t> order_;                     ///< groups
  std::vector<tensor*> projected_;                       ///< empty: as in a run
};

}  // namespace vrambudget::metal::detail
