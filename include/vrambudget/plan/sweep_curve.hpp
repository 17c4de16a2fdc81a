// The amounts of one run along the context: budgets where they are needed, lines between them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/sweep_amounts.hpp"
#include "vrambudget/plan/point_on_line.hpp"

namespace vrambudget::detail {

/// The amounts of one run at all contexts of an axis.
class sweep_curve {
 public:
  /// Plans as many budgets as the lines between them need, all of them by `how`.
  sweep_curve(planner& p, run r, std::span<const std::uint32_t> n_ctx, budget_choice how)
      : planner_(&p),
        run_(std::move(r)),
        how_(how),
        sizes_jump_(chooses_keys(p.get_model().traits->memory)) {
    add_points(n_ctx);
    for (std::size_t first = 0, last = 0; first < points_.size(); first = last + 1) {
      last = first;
      while (last + 1 < points_.size() && points_[first].on_line_with(points_[last + 1])) ++last;
      plan(first);
      plan(last);
      fill(first, last, true);
    }
  }

  [[nodiscard]] std::uint64_t n_budgets() const { return n_budgets_; }
  /// Whether some of them keep copies of inputs, which the engine does without where they do not fit.
  [[nodiscard]] bool pipelined() const { return pipelined_; }
  /// Whether gives_up_pipelining() can be asked: no draft and no projector ask for memory, too.
  [[nodiscard]] bool knows_first_graph() const { return knows_first_graph_; }
  /// The devices that the run has, used ones first, by their numbers in the set.
  [[nodiscard]] const std::vector<std::size_t>& devices() const { return devices_; }
  /// Whether a draft has a context of its own on the device of number `i` of these.
  [[nodiscard]] bool drafts_on(std::size_t i) const { return drafts_[i]; }
  /// Contexts of the axis that the engine accepts.
  [[nodiscard]] std::size_t n_accepted() const {
    return static_cast<std::size_t>(std::count_if(
        axis_.begin(), axis_.end(), [&](std::size_t p) { return !points_[p].refused; }));
  }

  struct point {
    std::uint32_t n_ubatch = 0, odd_batch = 0;  ///< as the engine makes them
    std::uint32_t n_ctx = 0;                    ///< longest_with_cells()
    std::uint32_t n_stepped = 0;  ///< cells whose number does not rise with each context
    std::uint32_t asked = 0;      ///< a context that was asked for
    bool planned = false, refused = false, pipelined = false;
    enum basis basis = basis::exact;
    ggml::decisions decided = {};
    std::string why = {};

    [[nodiscard]] auto key() const { return std::tuple(n_ubatch, odd_batch, n_ctx); }
    /// Amounts lie on one line only where micro-batches are the same, and batches too, or as long as the context.
    [[nodiscard]] bool on_line_with(const point& p) const {
      return n_ctx > 0 && n_ubatch == p.n_ubatch && odd_batch == p.odd_batch &&
             n_stepped == p.n_stepped;
    }
  };

  /// The point of number `i` on the axis.
  [[nodiscard]] const point& at(std::size_t i) const { return points_[axis_[i]]; }

  /// Its amounts.
  [[nodiscard]] sweep_amounts amounts_at(std::size_t i) const {
    return {values_.data() + axis_[i] * width_, devices_.size(), n_buffers_, rounds_pools_};
  }

  /// Whether point `i` is refused the buffers of its first prompt graph, and nothing before: it goes on without
  /// pipelining.
  ///
  /// `room`  of each device, less its driver context
  /// `page`  of each device
  [[nodiscard]] bool gives_up_pipelining(std::size_t i, std::span<const std::int64_t> room,
                                         std::span<const bytes> page) const {
    if (!at(i).pipelined) return false;
    const std::int64_t* const v = values_.data() + axis_[i] * width_;
    const std::size_t n = devices_.size();
    const auto pages_of = [&](std::size_t d, std::int64_t size) {
      return static_cast<std::int64_t>(
          in_pages({static_cast<std::uint64_t>(size)}, page[d]).count);
    };
    bool refused = false;
    for (std::size_t d = 0; d < n; ++d) {
      const std::int64_t* const buffers = v + 1 + n * sweep_amounts::n_amounts + d * n_buffers_;
      std::int64_t contents = 0;
      for (std::size_t b = 0; b < n_contents_[d]; ++b) contents += pages_of(d, buffers[b]);
      if (contents > room[d]) return false;
      refused |= contents + pages_of(d, first_compute(v)[d]) > room[d];
    }
    return refused;
  }

 private:
  void add_points(std::span<const std::uint32_t> n_ctx) {
    std::vector<std::pair<point, std::size_t>> all;
    for (const std::uint32_t n : n_ctx) {
      run_.n_ctx = n;
      point p{.asked = n};
      if (const auto c = effective_context(run_, planner_->get_model().hp)) {
        const bool even = c->n_batch == c->n_ctx || c->n_batch == run_.n_batch;
        p.n_ubatch = c->n_ubatch;
        p.odd_batch = even ? 0 : c->n_batch;
        p.n_ctx = longest_with_cells(planner_->get_model(), *c);
        p.n_stepped = stepped_cells(planner_->get_model(), *c);
      } else {
        p.planned = p.refused = true;
        p.why = c.error().message;
      }
      all.emplace_back(std::move(p), all.size());
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.first.key() < b.first.key(); });
    axis_.resize(all.size());
    for (auto& [p, number] : all) {
      if (points_.empty() || p.refused || points_.back().key() != p.key())
        points_.push_back(std::move(p));
      axis_[number] = points_.size() - 1;
    }
  }

  /// Of a row: what each device's compute buffer takes for the first prompt graph.
  template <class Row>
  [[nodiscard]] Row* first_compute(Row* v) const {
    return v + 1 + devices_.size() * (sweep_amounts::n_amounts + n_buffers_);
  }
  std::int64_t* row(std::size_t p) { return values_.data() + p * width_; }
  std::span<const std::int64_t> row(std::size_t p) const {
    return {values_.data() + p * width_, width_};
  }

  void plan(std::size_t i) {
    point& p = points_[i];
    if (p.planned) return;
    p.planned = true;
    run_.n_ctx = p.asked;
    const result<budget> b = planner_->budget_for(run_, {}, how_);
    ++n_budgets_;
    if (b) return keep(i, *b);
    p.refused = true;
    p.why = b.error().message;
  }
  void keep(std::size_t i, const budget& b) {
    const std::vector<std::vector<bytes>> buffers = buffers_of(b);
    if (values_.empty()) {
      for (const device_budget& d : b.devices) {
        devices_.push_back(d.id.index);
        drafts_.push_back(d.of(term_kind::driver_context) > d.gpu.driver_context.high);
      }
      for (const auto& of_device : buffers) n_buffers_ = std::max(n_buffers_, of_device.size());
      const std::size_t n = devices_.size();
      width_ = 1 + n * (sweep_amounts::n_amounts + n_buffers_ + 3 + b.pool_elsewhere.size());
      values_.resize(points_.size() * width_);
      rounds_pools_ = !b.pool_rounding.empty();
      n_contents_ = contents_of(b);
    }
    point& p = points_[i];
    std::int64_t* const v = row(i);
    const auto as_number = [](bytes size) { return static_cast<std::int64_t>(size.count); };
    p.pipelined = b.pipelining == pipelining::used;
    p.decided = b.decided;
    pipelined_ |= p.pipelined || (b.draft && b.draft->pipelining == pipelining::used);
    knows_first_graph_ &= !b.draft && !b.projector && n_contents_ == contents_of(b);
    v[0] = as_number(b.host.used());
    p.basis = b.host.weakest();
    const std::size_t n = devices_.size();
    for (std::size_t d = 0; d < n; ++d) {
      for (const term& t : b.devices[d].terms) {
        if (owner_of(t.kind) == term_owner::process) continue;
        v[1 + d * sweep_amounts::n_amounts + sweep_amounts::amount_of(t.kind)] += as_number(t.size);
        p.basis = std::max(p.basis, t.basis);
      }
      std::transform(buffers[d].begin(), buffers[d].end(),
                     v + 1 + n * sweep_amounts::n_amounts + d * n_buffers_, as_number);
    }
    for (const allocation& a : b.allocations)
      if (a.stage == term_kind::compute_buffer && a.replaces.count == 0)
        first_compute(v)[a.device] = as_number(a.size);
    std::int64_t *const growth = first_compute(v) + n, *pool = growth + n;
    for (const allocation& a : b.allocations) {
      const bool is_pool = a.stage == term_kind::pool;
      if (is_pool || a.stage == term_kind::compute_growth)
        (is_pool ? pool : growth)[a.device] += as_number(saturating_sub(a.size, a.replaces));
    }
    for (const std::vector<bytes>& set : b.pool_elsewhere)
      std::transform(set.begin(), set.end(), pool += n, as_number);
    pool = growth + n;
    for (const std::vector<bytes>& set : b.pool_rounding) {
      for (std::size_t d = 0; d < set.size(); ++d) pool[d] -= as_number(set[d]);
      pool += n;
    }
  }
  /// The buffers that each device ends up with, pools aside.
  [[nodiscard]] static std::vector<std::vector<bytes>> buffers_of(const budget& b) {
    std::vector<std::vector<bytes>> all(b.devices.size());
    for (const allocation& a : b.allocations) {
      if (!b.devices[a.device].find(a.stage) || a.stage == term_kind::pool) continue;
      std::vector<bytes>& here = all[a.device];
      const auto smaller =
          a.replaces.count > 0 ? std::find(here.begin(), here.end(), a.replaces) : here.end();
      if (smaller == here.end())
        here.push_back(a.size);
      else
        *smaller = a.size;
    }
    return all;
  }
  /// How many of each device's buffers are asked for before those of graphs.
  [[nodiscard]] static std::vector<std::size_t> contents_of(const budget& b) {
    std::vector<std::size_t> n(b.devices.size());
    for (const allocation& a : b.allocations) {
      if (a.stage == term_kind::compute_buffer) break;
      ++n[a.device];
    }
    return n;
  }
  /// Fills the points between two planned ones. `guess`: cut where the lines at both ends meet, else halve.
  void fill(std::size_t first, std::size_t last, bool guess) {
    if (last - first < 2) return;
    const std::size_t middle = first + (last - first) / 2;
    plan(middle);
    if (predicts(first, last, middle) && takes_others(first, last)) return;
    constexpr std::size_t worth_a_guess = 16;
    if (guess && last - first >= worth_a_guess) {
      plan(first + 1);
      plan(last - 1);
      if (const auto corner = corner_of(first, last)) {
        plan(*corner);
        plan(*corner + 1);
        fill(first, *corner, false);
        fill(*corner + 1, last, false);
        return;
      }
    }
    fill(first, middle, true);
    fill(middle, last, true);
  }
  [[nodiscard]] point_on_line on_line(std::size_t first, std::size_t last, std::size_t i) const {
    return {points_[first].n_ctx, points_[last].n_ctx, points_[i].n_ctx};
  }
  /// Whether the points between two are those of the line through them, as one between them is, to the byte. Where sizes jump
  /// that takes that the buffers of all three were planned alike.
  [[nodiscard]] bool predicts(std::size_t first, std::size_t last, std::size_t i) const {
    const point &a = points_[first], &b = points_[last], &c = points_[i];
    const auto alike = [&](const point& p) {
      return !p.refused && p.basis == a.basis && p.pipelined == a.pipelined &&
             (!sizes_jump_ || p.decided == a.decided);
    };
    if (!alike(a) || !alike(b) || !alike(c)) return false;
    const point_on_line value = on_line(first, last, i);
    const auto v0 = row(first), v1 = row(last), v = row(i);
    for (std::size_t k = 0; k < width_; ++k)
      if (value(v0[k], v1[k]) != v[k]) return false;
    return true;
  }
  /// Takes them from there; false where an amount is no whole number of bytes.
  [[nodiscard]] bool takes_others(std::size_t first, std::size_t last) {
    for (std::size_t i = first + 1; i < last; ++i)
      if (!points_[i].planned && !take(first, last, i)) return false;
    return true;
  }
  [[nodiscard]] bool take(std::size_t first, std::size_t last, std::size_t i) {
    const point_on_line value = on_line(first, last, i);
    const std::int64_t *const v0 = row(first), *const v1 = row(last);
    std::int64_t* const v = row(i);
    for (std::size_t k = 0; k < width_; ++k) {
      const auto amount = value(v0[k], v1[k]);
      if (!amount) return false;
      v[k] = *amount;
    }
    points_[i].basis = points_[first].basis;
    points_[i].pipelined = points_[first].pipelined;
    return true;
  }
  /// The last point before the lines through the first two and the last two points meet, of the first
  /// amount whose lines are not the same.
  [[nodiscard]] std::optional<std::size_t> corner_of(std::size_t first, std::size_t last) const {
    for (const std::size_t i : {first, first + 1, last - 1, last})
      if (points_[i].refused) return std::nullopt;
    const auto x = [&](std::size_t i) { return static_cast<double>(points_[i].n_ctx); };
    for (std::size_t k = 0; k < width_; ++k) {
      const auto y = [&](std::size_t i) { return static_cast<double>(row(i)[k]); };
      const auto slope = [&](std::size_t i) { return (y(i + 1) - y(i)) / (x(i + 1) - x(i)); };
      const double at_first = slope(first), at_last = slope(last - 1);
      if (at_first == at_last) continue;
      const double meet =
          x(first) + (y(last) - y(first) - at_last * (x(last) - x(first))) / (at_first - at_last);
      const auto after = std::partition_point(points_.begin() + static_cast<std::ptrdiff_t>(first),
                                              points_.begin() + static_cast<std::ptrdiff_t>(last),
                                              [&](const point& p) { return p.n_ctx <= meet; });
      const std::ptrdiff_t corner = after - points_.begin() - 1;
      if (corner > static_cast<std::ptrdiff_t>(first) &&
          corner + 1 < static_cast<std::ptrdiff_t>(last))
        return static_cast<std::size_t>(corner);
    }
    return std::nullopt;
  }

  planner* planner_;  ///< used only while the curve is made
  run run_;
  budget_choice how_;
  bool sizes_jump_;
  std::vector<point> points_;      ///< by micro-batch, then by context
  std::vector<std::size_t> axis_;  ///< for each context of the axis its point
  std::vector<std::size_t> devices_;
  std::vector<bool> drafts_;
  std::size_t n_buffers_ = 0;  ///< of a device, at most
  std::size_t width_ = 0;      ///< amounts of a point
  std::vector<std::size_t> n_contents_;  ///< of each device: buffers asked for before those of graphs
  bool pipelined_ = false, knows_first_graph_ = true, rounds_pools_ = false;
  std::vector<std::int64_t> values_;
  std::uint64_t n_budgets_ = 0;
};

}  // namespace vrambudget::detail
