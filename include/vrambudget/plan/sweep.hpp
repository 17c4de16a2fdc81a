// Budgets over a grid: models x devices x cache types x slots x contexts, as columns.
//
// A budget with simulated graphs takes most of a millisecond, so not every point gets one. Along the
// context every amount is a line between few breakpoints: the caches' formulas are linear, and a graph's
// buffers are the highest byte of tensors whose sizes are linear. Points in between are taken from the
// line where one budget inside the interval lies on it to the byte; else the interval is halved. Cards
// that make the same graphs share them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/sweep_columns.hpp"

namespace vrambudget {

/// What a sweep goes over; `base` has all that does not vary. The models must outlive it.
struct sweep_axes {
  std::vector<const model*> models;
  std::vector<std::vector<device>> gpus;  ///< each a set of devices that a run uses together
  std::vector<std::pair<ggml_type, ggml_type>> cache_types;  ///< K and V
  std::vector<std::uint32_t> n_parallel;                     ///< slots; 0: automatic
  std::vector<std::uint32_t> n_ctx;  ///< tokens over all slots; 0: training length
  run base = {};
  limits held_against = {};

  [[nodiscard]] std::uint64_t size() const {
    return std::uint64_t{models.size()} * gpus.size() * cache_types.size() * n_parallel.size() *
           n_ctx.size();
  }
};

namespace detail {

/// The amounts of one point that do not depend on how much memory a card has.
struct sweep_amounts {
  enum amount { weights, kv_cache, recurrent_state, compute_buffer, pool, other, n_amounts };
  using of_device = std::array<std::int64_t, n_amounts>;

  std::vector<of_device> devices;
  std::int64_t host = 0;
  enum basis basis = basis::exact;

  static sweep_amounts of(const budget& b) {
    sweep_amounts a;
    for (const device_budget& d : b.devices) {
      of_device v{};
      for (const term& t : d.terms) {
        if (t.name == "driver_context") continue;
        const amount at = t.name == "weights"           ? weights
                          : t.name == "kv_cache"        ? kv_cache
                          : t.name == "recurrent_state" ? recurrent_state
                          : t.name == "compute_buffer"  ? compute_buffer
                          : t.name == "pool"            ? pool
                                                        : other;
        v[at] += static_cast<std::int64_t>(t.size.count);
        if (at != pool) a.basis = std::max(a.basis, t.basis);
      }
      a.devices.push_back(v);
    }
    a.host = static_cast<std::int64_t>(b.host.used().count);
    a.basis = std::max(a.basis, b.host.weakest());
    return a;
  }
};

/// The value at `x` of the line through (x0, y0) and (x1, y1), if it is a whole number.
[[nodiscard]] inline std::optional<std::int64_t> on_line(std::int64_t x0, std::int64_t y0,
                                                         std::int64_t x1, std::int64_t y1,
                                                         std::int64_t x) {
  __extension__ using wide = __int128;
  if (x0 == x1) return y0 == y1 ? std::optional(y0) : std::nullopt;
  const wide rise = static_cast<wide>(y1 - y0) * (x - x0);
  if (rise % (x1 - x0) != 0) return std::nullopt;
  return y0 + static_cast<std::int64_t>(rise / (x1 - x0));
}

/// The amounts at `x` on the line between two points; nothing where one is no whole number of bytes.
[[nodiscard]] inline std::optional<sweep_amounts> between(std::int64_t x0, const sweep_amounts& a,
                                                          std::int64_t x1, const sweep_amounts& b,
                                                          std::int64_t x) {
  if (a.devices.size() != b.devices.size() || a.basis != b.basis) return std::nullopt;
  sweep_amounts out = a;
  for (std::size_t i = 0; i < a.devices.size(); ++i)
    for (std::size_t k = 0; k < sweep_amounts::n_amounts; ++k) {
      const auto y = on_line(x0, a.devices[i][k], x1, b.devices[i][k], x);
      if (!y) return std::nullopt;
      out.devices[i][k] = *y;
    }
  const auto y = on_line(x0, a.host, x1, b.host, x);
  if (!y) return std::nullopt;
  out.host = *y;
  return out;
}

[[nodiscard]] inline bool same(const sweep_amounts& a, const sweep_amounts& b) {
  return a.devices == b.devices && a.host == b.host && a.basis == b.basis;
}

/// The amounts of one run at all contexts of an axis.
class sweep_curve {
 public:
  struct point {
    std::int64_t n_ctx = 0;  ///< as the engine makes it
    bool planned = false, refused = false;
    sweep_amounts amounts;
    std::string why;
  };

  /// Plans as many budgets as the lines between them need.
  sweep_curve(planner& p, run r, const std::vector<std::uint32_t>& n_ctx)
      : planner_(p), run_(std::move(r)) {
    for (const std::uint32_t n : n_ctx) axis_.push_back(&add(n));
    group g;
    for (auto it = points_.begin(); it != points_.end(); ++it) {
      if (!g.empty() && g.back()->first.n_ubatch != it->first.n_ubatch) fill(g);
      if (!g.empty() && g.back()->first.odd_batch != it->first.odd_batch) fill(g);
      g.push_back(it);
    }
    fill(g);
  }
  sweep_curve(const sweep_curve&) = delete;
  sweep_curve& operator=(const sweep_curve&) = delete;

  /// The point of number `i` on the axis.
  [[nodiscard]] const point& at(std::size_t i) const { return *axis_[i]; }
  [[nodiscard]] std::uint64_t n_budgets() const { return n_budgets_; }

 private:
  /// Points lie on one line only where micro-batches are the same, and batches too, or as long as the
  /// context.
  struct key {
    std::uint32_t n_ubatch = 0, odd_batch = 0, n_ctx = 0;
    auto operator<=>(const key&) const = default;
  };
  struct entry : point {
    std::uint32_t asked = 0;  ///< a context that was asked for
  };
  using group = std::vector<std::map<key, entry>::iterator>;

  const point& add(std::uint32_t n) {
    run_.n_ctx = n;
    const auto c = effective_context(run_, planner_.get_model().hp);
    if (!c) {
      point& p = refused_[n];
      p.refused = true;
      p.why = c.error().message;
      return p;
    }
    const bool even = c->n_batch == c->n_ctx || c->n_batch == run_.n_batch;
    entry& e = points_[{c->n_ubatch, even ? 0 : c->n_batch, c->n_ctx}];
    e.n_ctx = c->n_ctx;
    e.asked = n;
    return e;
  }

  void plan(entry& p) {
    if (p.planned) return;
    p.planned = true;
    run_.n_ctx = p.asked;
    const result<budget> b = planner_.budget_for(run_);
    ++n_budgets_;
    if (b) {
      p.amounts = sweep_amounts::of(*b);
    } else {
      p.refused = true;
      p.why = b.error().message;
    }
  }

  void fill(group& g) {
    if (g.empty()) return;
    plan(g.front()->second);
    plan(g.back()->second);
    fill(g, 0, g.size() - 1, true);
    g.clear();
  }
  /// Fills the points between two planned ones. `guess`: cut where the lines at both ends meet, else halve.
  void fill(group& g, std::size_t first, std::size_t last, bool guess) {
    if (last - first < 2) return;
    const std::size_t middle = first + (last - first) / 2;
    entry& m = g[middle]->second;
    plan(m);
    const std::optional<sweep_amounts> expected =
        between(g[first]->second, g[last]->second, m.n_ctx);
    if (!m.refused && expected && same(*expected, m.amounts) && take_from_line(g, first, last))
      return;
    constexpr std::size_t worth_a_guess = 16;
    if (guess && last - first >= worth_a_guess) {
      plan(g[first + 1]->second);
      plan(g[last - 1]->second);
      if (const auto corner = corner_of(g, first, last)) {
        plan(g[*corner]->second);
        plan(g[*corner + 1]->second);
        fill(g, first, *corner, false);
        fill(g, *corner + 1, last, false);
        return;
      }
    }
    fill(g, first, middle, true);
    fill(g, middle, last, true);
  }
  /// The last point before the lines through the first two and the last two points meet, of the first
  /// amount whose lines are not the same.
  static std::optional<std::size_t> corner_of(const group& g, std::size_t first, std::size_t last) {
    const point &a = g[first]->second, &a2 = g[first + 1]->second, &b2 = g[last - 1]->second,
                &b = g[last]->second;
    if (a.refused || a2.refused || b2.refused || b.refused) return std::nullopt;
    const auto slope = [](const point& p, const point& q, std::int64_t yp, std::int64_t yq) {
      return static_cast<double>(yq - yp) / static_cast<double>(q.n_ctx - p.n_ctx);
    };
    for (std::size_t i = 0; i < a.amounts.devices.size(); ++i)
      for (std::size_t k = 0; k < sweep_amounts::n_amounts; ++k) {
        const auto y = [&](const point& p) { return p.amounts.devices[i][k]; };
        const double sa = slope(a, a2, y(a), y(a2)), sb = slope(b2, b, y(b2), y(b));
        if (sa == sb) continue;
        const double ahead =
            (static_cast<double>(y(b) - y(a)) - sb * static_cast<double>(b.n_ctx - a.n_ctx)) /
            (sa - sb);
        const double at = static_cast<double>(a.n_ctx) + ahead;
        const auto after = std::partition_point(
            g.begin() + static_cast<std::ptrdiff_t>(first),
            g.begin() + static_cast<std::ptrdiff_t>(last),
            [&](const auto& p) { return static_cast<double>(p->second.n_ctx) <= at; });
        const auto corner = static_cast<std::size_t>(after - g.begin()) - 1;
        if (after == g.begin() || corner <= first || corner + 1 >= last) continue;
        return corner;
      }
    return std::nullopt;
  }
  /// The amounts at `x` on the line between two points; nothing where the engine refuses one.
  static std::optional<sweep_amounts> between(const point& a, const point& b, std::int64_t x) {
    if (a.refused || b.refused) return std::nullopt;
    return detail::between(a.n_ctx, a.amounts, b.n_ctx, b.amounts, x);
  }
  /// False where a point of the line is no whole number of bytes.
  static bool take_from_line(group& g, std::size_t first, std::size_t last) {
    for (std::size_t i = first + 1; i < last; ++i) {
      entry& p = g[i]->second;
      if (p.planned) continue;
      auto y = between(g[first]->second, g[last]->second, p.n_ctx);
      if (!y) return false;
      p.amounts = std::move(*y);
    }
    return true;
  }

  planner& planner_;
  run run_;
  std::map<key, entry> points_;
  std::map<std::uint32_t, point> refused_;  ///< by the context alone
  std::vector<const point*> axis_;
  std::uint64_t n_budgets_ = 0;
};

/// Sets of devices for which all amounts of a sweep are the same: one card of the same kernels.
struct sweep_kernels {
  std::uint32_t cc = 0, n_sm = 0;
  std::size_t set =
      0;  ///< several cards: their number on the axis, since free memory splits layers
  auto operator<=>(const sweep_kernels&) const = default;

  static sweep_kernels of(const std::vector<device>& set, std::size_t i) {
    if (set.size() == 1) return {set[0].cc, set[0].n_sm, 0};
    return {0, 0, i + 1};
  }
};

/// All curves of one model on one kind of card.
struct sweep_curves {
  sweep_curves(const model& m, const std::vector<device>& set, const limits& l) : on(m, set, l) {}
  planner on;
  std::vector<std::unique_ptr<sweep_curve>> all;  ///< cache types x slots
};

class sweeper {
 public:
  sweeper(const sweep_axes& axes, const sweep_progress& progress)
      : axes_(axes), progress_(progress) {}

  sweep_result take() {
    for (std::size_t m = 0; m < axes_.models.size() && !out_.stopped; ++m) {
      std::map<sweep_kernels, sweep_curves> kinds;
      for (std::size_t g = 0; g < axes_.gpus.size() && !out_.stopped; ++g) {
        const auto& set = axes_.gpus[g];
        const auto kind =
            kinds.try_emplace(sweep_kernels::of(set, g), *axes_.models[m], set, axes_.held_against);
        add_curves(m, g, kind.first->second);
      }
    }
    return std::move(out_);
  }

 private:
  void add_curves(std::size_t m, std::size_t g, sweep_curves& curves) {
    std::size_t number = 0;
    for (std::size_t t = 0; t < axes_.cache_types.size(); ++t)
      for (std::size_t s = 0; s < axes_.n_parallel.size(); ++s, ++number) {
        if (number == curves.all.size()) {
          run r = axes_.base;
          r.type_k = axes_.cache_types[t].first;
          r.type_v = axes_.cache_types[t].second;
          r.n_parallel = axes_.n_parallel[s];
          curves.all.push_back(std::make_unique<sweep_curve>(curves.on, std::move(r), axes_.n_ctx));
          out_.n_budgets += curves.all.back()->n_budgets();
        }
        for (std::size_t c = 0; c < axes_.n_ctx.size(); ++c)
          add({m, g, t, s, axes_.n_ctx[c], axes_.n_ctx[c], {}}, curves.all[number]->at(c));
        done_ += axes_.n_ctx.size();
        if (progress_ && !progress_(done_, axes_.size())) {
          out_.stopped = true;
          return;
        }
      }
  }

  void add(const sweep_refusal& at, const sweep_curve::point& p) {
    if (p.refused) return refuse(at, p.why);
    sweep_columns& c = out_.columns;
    const auto& set = axes_.gpus[at.gpu];
    sweep_amounts::of_device sum{};
    std::int64_t context = 0, usable = 0, spare = INT64_MAX;
    for (std::size_t i = 0; i < p.amounts.devices.size(); ++i) {
      // without splitting the only device that counts is the main one
      const device& d = set[p.amounts.devices.size() == set.size()
                                ? i
                                : static_cast<std::size_t>(axes_.base.main_gpu)];
      const auto own_context = axes_.held_against.buffers_only
                                   ? 0
                                   : static_cast<std::int64_t>(d.driver_context.high.count);
      std::int64_t used = own_context;
      for (std::size_t k = 0; k < sum.size(); ++k) {
        sum[k] += p.amounts.devices[i][k];
        used += p.amounts.devices[i][k];
      }
      const auto room =
          static_cast<std::int64_t>(saturating_sub(d.free, axes_.held_against.reserve).count);
      context += own_context;
      usable += room;
      spare = std::min(spare, room - used);
    }
    if (p.amounts.devices.empty()) spare = 0;  // all on the host
    c.model.push_back(static_cast<std::int32_t>(at.model));
    c.gpu.push_back(static_cast<std::int32_t>(at.gpu));
    c.cache_types.push_back(static_cast<std::int32_t>(at.cache_types));
    c.n_parallel.push_back(axes_.n_parallel[at.n_parallel]);
    c.n_ctx.push_back(at.n_ctx_first);
    c.weights.push_back(sum[sweep_amounts::weights]);
    c.kv_cache.push_back(sum[sweep_amounts::kv_cache]);
    c.recurrent_state.push_back(sum[sweep_amounts::recurrent_state]);
    c.compute_buffer.push_back(sum[sweep_amounts::compute_buffer]);
    c.driver_context.push_back(context);
    c.pool.push_back(sum[sweep_amounts::pool]);
    c.other.push_back(sum[sweep_amounts::other]);
    std::int64_t used = context;
    for (const std::int64_t a : sum) used += a;
    c.used.push_back(used);
    c.usable.push_back(usable);
    c.spare.push_back(spare);
    c.host.push_back(p.amounts.host);
    c.fits.push_back(spare >= 0);
    c.basis.push_back(static_cast<std::uint8_t>(p.amounts.basis));
    c.interpolated.push_back(!p.planned);
  }

  /// Contexts that are refused one after the other for the same reason are one refusal.
  void refuse(const sweep_refusal& at, const std::string& why) {
    if (!out_.refused.empty()) {
      sweep_refusal& last = out_.refused.back();
      if (last.model == at.model && last.gpu == at.gpu && last.cache_types == at.cache_types &&
          last.n_parallel == at.n_parallel && last.why == why) {
        last.n_ctx_last = at.n_ctx_last;
        return;
      }
    }
    out_.refused.push_back(at);
    out_.refused.back().why = why;
  }

  const sweep_axes& axes_;
  const sweep_progress& progress_;
  sweep_result out_;
  std::uint64_t done_ = 0;
};

}  // namespace detail

/// All points of the grid.
///
/// Errors:   none of its own: what the engine refuses is listed
/// Accuracy: as planner::budget_for for rows that are not interpolated; those lie on a line between two
///           budgets on which a third one in between was found to the byte
[[nodiscard]] inline sweep_result sweep(const sweep_axes& axes,
                                        const sweep_progress& progress = {}) {
  return detail::sweeper(axes, progress).take();
}

}  // namespace vrambudget
