// How a grid is planned: curves by several threads, rows from them; see sweep.hpp.
#pragma once

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "vrambudget/plan/host_memory.hpp"
#include "vrambudget/plan/sweep.hpp"
#include "vrambudget/plan/sweep_curve.hpp"
#include "vrambudget/plan/sweep_kind.hpp"
#include "vrambudget/plan/verdict.hpp"

namespace vrambudget {
namespace detail {

class sweeper {
 public:
  sweeper(const sweep_axes& axes, const sweep_progress& progress, const sweep_runner& run_all)
      : axes_(axes), progress_(progress), run_all_(run_all) {}

  sweep_result take() {
    find_kinds();
    out_.stopped = !plan_curves() || !tells(axes_.size());
    if (!out_.stopped) write_rows();
    return std::move(out_);
  }

 private:
  /// A model on a set of devices: its rows are those of the kind's curves.
  struct place {
    std::size_t model, gpu, kind, set;
  };
  /// Points next to each other in the columns: those of one curve for one set.
  struct block {
    std::size_t place, cache_types, n_parallel, curve, first_row;
  };

  [[nodiscard]] std::size_t curves_of_kind() const {
    return axes_.cache_types.size() * axes_.n_parallel.size();
  }

  void find_kinds() {
    for (std::size_t m = 0; m < axes_.models.size(); ++m) {
      std::map<sweep_kind::key, std::size_t> known;
      for (std::size_t g = 0; g < axes_.gpus.size(); ++g) {
        const model& of = *axes_.models[m];
        const auto [kind, is_new] =
            known.try_emplace(sweep_kind::key_of(axes_, of, axes_.gpus[g]), kinds_.size());
        if (is_new) kinds_.push_back({&of, {}});
        places_.push_back({m, g, kind->second, kinds_[kind->second].number_of(axes_.gpus[g])});
      }
    }
  }

  bool plan_curves() {
    std::vector<std::uint64_t> n_sharing(kinds_.size());
    for (const place& p : places_) ++n_sharing[p.kind];
    curves_.resize(kinds_.size() * curves_of_kind());
    in_turn_.resize(curves_.size());
    std::atomic<std::uint64_t> done{0};
    const bool all = run_all_(
        curves_.size(),
        [&](std::size_t i) {
          const std::size_t kind = i / curves_of_kind();
          const run r = run_of_curve(i);
          curves_[i] = plan_curve(kinds_[kind], r);
          if (gives_up_somewhere(kind, *curves_[i]))
            in_turn_[i] = plan_curve(kinds_[kind], without_pipelining(r));
          done += n_sharing[kind] * axes_.n_ctx.size();
        },
        [&] { return done == axes_.size() || tells(done); });
    for (const auto* some : {&curves_, &in_turn_})
      for (const auto& c : *some)
        if (c) out_.n_budgets += c->n_budgets();
    return all;
  }
  [[nodiscard]] std::unique_ptr<sweep_curve> plan_curve(const sweep_kind& kind,
                                                        const run& r) const {
    planner p(*kind.of, kind.sets.front(), axes_.held_against, axes_.draft, axes_.mmproj);
    for (std::size_t s = 1; s < kind.sets.size(); ++s) p.count_pools_on(kind.sets[s]);
    return std::make_unique<sweep_curve>(p, r, axes_.n_ctx, budget_choice{.enforced = false});
  }
  [[nodiscard]] run run_of_curve(std::size_t number) const {
    const std::size_t n = number % curves_of_kind();
    return run_of(n / axes_.n_parallel.size(), n % axes_.n_parallel.size());
  }
  [[nodiscard]] run run_of(std::size_t cache_types, std::size_t n_parallel) const {
    run r = axes_.base;
    std::tie(r.type_k, r.type_v) = axes_.cache_types[cache_types];
    r.n_parallel = axes_.n_parallel[n_parallel];
    return r;
  }
  bool tells(std::uint64_t done) const { return !progress_ || progress_(done, axes_.size()); }

  void write_rows() {
    std::vector<block> blocks;
    std::size_t n_rows = 0;
    for (std::size_t p = 0; p < places_.size(); ++p)
      for (std::size_t i = 0; i < curves_of_kind(); ++i) {
        blocks.push_back({p, i / axes_.n_parallel.size(), i % axes_.n_parallel.size(),
                          places_[p].kind * curves_of_kind() + i, n_rows});
        const sweep_curve& c = *curves_[blocks.back().curve];
        n_rows += c.n_accepted();
        for (std::size_t k = 0; k < axes_.n_ctx.size(); ++k)
          if (c.at(k).refused) refuse(blocks.back(), axes_.n_ctx[k], c.at(k).why);
      }
    sweep_columns::for_each(out_.columns, [&](const char*, auto& c) { c.resize(n_rows); });
    run_all_(
        blocks.size(), [&](std::size_t b) { write(blocks[b]); }, [] { return true; });
  }

  /// What a device has for a point, and what is the same at all of them.
  struct device_room {
    std::int64_t context = 0, usable = 0;
    std::int64_t expected = 0;  ///< usable by what is likely, less the context
    const device* shares = nullptr;  ///< itself, if its memory is the host's
    bytes page = {};

    /// For buffers.
    [[nodiscard]] std::int64_t room(estimate e) const {
      return e == estimate::high ? usable - context : expected;
    }
  };
  [[nodiscard]] std::vector<device_room> rooms(std::size_t gpu, const sweep_curve& curve) const {
    const auto as_number = [](bytes size) { return static_cast<std::int64_t>(size.count); };
    const auto& set = axes_.gpus[gpu];
    std::vector<device_room> all;
    for (const std::size_t d : curve.devices()) {
      device_budget of;
      of.gpu = set[d];
      of.usable = usable_of(set[d], axes_.held_against.reserve);
      device_room room{0, as_number(of.usable), as_number(of.usable_at(estimate::expected))};
      if (!axes_.held_against.buffers_only) {
        const bytes draft = curve.drafts_on(all.size()) ? set[d].draft_context : bytes{};
        room.context = as_number(set[d].driver_context.high + draft);
        room.expected -= as_number(set[d].driver_context.expected + draft);
      }
      if (set[d].unified && std::none_of(all.begin(), all.end(),
                                         [](const auto& other) { return other.shares; }))
        room.shares = &set[d];
      room.page = page_of(set[d].backend);
      all.push_back(room);
    }
    return all;
  }

  /// At which points of a curve a set's devices have no room for pipelining.
  class pipelining_room {
   public:
    pipelining_room(const sweep_curve& of, const std::vector<device_room>& devices) : of_(of) {
      for (const device_room& d : devices) {
        high_.push_back(d.room(estimate::high));
        expected_.push_back(d.room(estimate::expected));
        pages_.push_back(d.page);
      }
    }
    [[nodiscard]] bool lacks(std::size_t n_ctx, estimate e) const {
      return of_.gives_up_pipelining(n_ctx, e == estimate::high ? high_ : expected_, pages_);
    }

   private:
    const sweep_curve& of_;
    std::vector<std::int64_t> high_, expected_;
    std::vector<bytes> pages_;
  };
  [[nodiscard]] bool gives_up_somewhere(std::size_t kind, const sweep_curve& c) const {
    if (!c.pipelined() || !c.knows_first_graph()) return false;
    for (const place& p : places_) {
      if (p.kind != kind) continue;
      const pipelining_room room(c, rooms(p.gpu, c));
      for (std::size_t k = 0; k < axes_.n_ctx.size(); ++k)
        if (room.lacks(k, estimate::high) || room.lacks(k, estimate::expected)) return true;
    }
    return false;
  }

  void write(const block& b) {
    const place& p = places_[b.place];
    const sweep_curve& pipelined = *curves_[b.curve];
    const sweep_curve* const in_turn = in_turn_[b.curve].get();
    const std::vector<device_room> devices = rooms(p.gpu, pipelined);
    const pipelining_room room(pipelined, devices);
    const auto curve_at = [&](std::size_t k, estimate e) -> const sweep_curve& {
      return in_turn && room.lacks(k, e) ? *in_turn : pipelined;
    };
    sweep_columns& c = out_.columns;
    std::size_t row = b.first_row;
    for (std::size_t k = 0; k < axes_.n_ctx.size(); ++k) {
      if (pipelined.at(k).refused) continue;
      const sweep_curve& curve = curve_at(k, estimate::high);
      const sweep_curve::point& at = curve.at(k);
      c.model[row] = static_cast<std::int32_t>(p.model);
      c.gpu[row] = static_cast<std::int32_t>(p.gpu);
      c.cache_types[row] = static_cast<std::int32_t>(b.cache_types);
      c.n_parallel[row] = axes_.n_parallel[b.n_parallel];
      c.n_ctx[row] = axes_.n_ctx[k];
      c.basis[row] = static_cast<std::uint8_t>(at.basis);
      c.interpolated[row] = !at.planned;
      write_amounts(curve.amounts_at(k), p.set, devices, row);
      const sweep_curve& likely = curve_at(k, estimate::expected);
      c.fits[row] =
          fits(likely.amounts_at(k), p.set, devices, estimate::expected) ||
          (&likely != &curve && fits(curve.amounts_at(k), p.set, devices, estimate::high));
      if (depends_on_room(pipelined, row)) plan_alone(b, k, devices, row);
      ++row;
    }
  }
  /// Whether what is free decides over buffers, which a curve does not know: over the places of a draft, and
  /// with one or a projector where buffers of pipelining do not fit.
  [[nodiscard]] bool depends_on_room(const sweep_curve& curve, std::size_t row) const {
    if (curve.devices().size() < 2) return false;
    if (axes_.draft && axes_.base.tensor_split.empty()) return true;
    const sweep_columns& c = out_.columns;
    return curve.pipelined() && !curve.knows_first_graph() && c.spare[row] < 0 && c.spare[row] + c.compute_buffer[row] >= 0;
  }
  void plan_alone(const block& b, std::size_t n_ctx, const std::vector<device_room>& devices,
                  std::size_t row) {
    const place& at = places_[b.place];
    planner p(*axes_.models[at.model], axes_.gpus[at.gpu], axes_.held_against, axes_.draft,
              axes_.mmproj);
    run r = run_of(b.cache_types, b.n_parallel);
    const sweep_curve one(p, r, {&axes_.n_ctx[n_ctx], 1}, {});
    out_.columns.basis[row] = static_cast<std::uint8_t>(one.at(0).basis);
    out_.columns.interpolated[row] = false;
    write_amounts(one.amounts_at(0), 0, devices, row);
    r.n_ctx = axes_.n_ctx[n_ctx];
    if (const auto at_high = p.budget_for(r))
      if (const auto judged = judge(p, r, *at_high)) out_.columns.fits[row] = judged->runs();
  }
  void write_amounts(const sweep_amounts& a, std::size_t set,
                     const std::vector<device_room>& devices, std::size_t row) {
    std::int64_t sum[sweep_amounts::n_amounts] = {}, pool = 0, contexts = 0, rounding = 0,
                 usable = 0, used = 0,
                 spare = devices.empty() ? 0 : INT64_MAX;  // 0: all on the host
    for (std::size_t d = 0; d < devices.size(); ++d) {
      const std::int64_t usable_here = devices[d].usable - taken_by_host(a, devices[d]);
      const std::int64_t rounding_here = a.page_rounding(d, devices[d].page);
      std::int64_t used_here = 0;
      for (std::size_t n = 0; n < sweep_amounts::n_amounts; ++n) {
        sum[n] += a.of(d, n);
        used_here += a.of(d, n);
      }
      used_here += devices[d].context;
      if (!axes_.held_against.buffers_only) {
        const std::int64_t all_rounding = rounding_here + a.pool_rounding(set, d, devices[d].page);
        used_here += a.pool(set, d) + all_rounding;
        pool += a.pool(set, d);
        rounding += all_rounding;
      }
      contexts += devices[d].context;
      usable += usable_here;
      used += used_here;
      spare = std::min(spare, usable_here - used_here);
    }
    sweep_columns& c = out_.columns;
    c.weights[row] = sum[sweep_amounts::weights];
    c.kv_cache[row] = sum[sweep_amounts::kv_cache];
    c.recurrent_state[row] = sum[sweep_amounts::recurrent_state];
    c.compute_buffer[row] = sum[sweep_amounts::compute_buffer];
    c.driver_context[row] = contexts;
    c.pool[row] = pool;
    c.other[row] = sum[sweep_amounts::other];
    c.page_rounding[row] = rounding;
    c.used[row] = used;
    c.usable[row] = usable;
    c.spare[row] = spare;
    c.host[row] = a.host();
  }
  /// What the host needs, with the program itself.
  [[nodiscard]] std::int64_t of_host(const sweep_amounts& a) const {
    const bytes process = axes_.held_against.buffers_only ? bytes{} : server_process.high;
    return a.host() + static_cast<std::int64_t>(process.count);
  }
  [[nodiscard]] std::int64_t taken_by_host(const sweep_amounts& a, const device_room& d) const {
    if (!d.shares) return 0;
    const bytes usable{static_cast<std::uint64_t>(d.usable)},
        host{static_cast<std::uint64_t>(of_host(a))};
    return static_cast<std::int64_t>(d.shares->taken_by_host(usable, host).count);
  }
  /// Whether a run goes to its end where the driver takes what `e` says.
  [[nodiscard]] bool fits(const sweep_amounts& a, std::size_t set,
                          const std::vector<device_room>& devices, estimate e) const {
    if (const auto& ram = axes_.held_against.ram)
      if (of_host(a) > static_cast<std::int64_t>(ram->count)) return false;
    for (std::size_t d = 0; d < devices.size(); ++d) {
      std::int64_t used = a.page_rounding(d, devices[d].page);
      for (std::size_t n = 0; n < sweep_amounts::n_amounts; ++n) used += a.of(d, n);
      if (!axes_.held_against.buffers_only)
        used += a.pool(set, d) + a.pool_rounding(set, d, devices[d].page);
      if (used > devices[d].room(e) - taken_by_host(a, devices[d])) return false;
    }
    return true;
  }

  /// Contexts that are refused one after the other for the same reason are one refusal.
  void refuse(const block& b, std::uint32_t n_ctx, const std::string& why) {
    const place& p = places_[b.place];
    if (!out_.refused.empty()) {
      sweep_refusal& last = out_.refused.back();
      if (last.model == p.model && last.gpu == p.gpu && last.cache_types == b.cache_types &&
          last.n_parallel == b.n_parallel && last.why == why) {
        last.n_ctx_last = n_ctx;
        return;
      }
    }
    out_.refused.push_back({p.model, p.gpu, b.cache_types, b.n_parallel, n_ctx, n_ctx, why});
  }

  const sweep_axes& axes_;
  const sweep_progress& progress_;
  const sweep_runner& run_all_;
  std::vector<sweep_kind> kinds_;
  std::vector<place> places_;                         ///< models x gpus
  std::vector<std::unique_ptr<sweep_curve>> curves_;  ///< kinds x cache types x slots
  std::vector<std::unique_ptr<sweep_curve>> in_turn_;  ///< the same where pipelining is given up somewhere
  sweep_result out_;
};

}  // namespace detail

sweep_result sweep(const sweep_axes& axes, const sweep_progress& progress,
                   const sweep_runner& run_all) {
  return detail::sweeper(axes, progress, run_all).take();
}

}  // namespace vrambudget
