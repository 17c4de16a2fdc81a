// How the cards are planned: all of them in one sweep, and the largest contexts of those that hold the run;
// see cards.hpp.
#pragma once

#include <algorithm>
#include <cstdint>
#include <tuple>
#include <utility>

#include "vrambudget/advise/cards.hpp"
#include "vrambudget/advise/what_would_fit.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/context_lines.hpp"
#include "vrambudget/plan/least_spare.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/sweep.hpp"
#include "vrambudget/plan/verdict.hpp"

namespace vrambudget {

namespace detail {

class card_finder {
 public:
  card_finder(const cards_question& q, const std::vector<known_card>& known,
              const sweep_runner& run_all)
      : q_(q), known_(known), run_all_(run_all) {}

  result<found_cards> take() {
    std::vector<card_plan> alone, pairs;
    for (std::size_t i = 0; i < known_.size(); ++i) alone.push_back({.card = i});
    plan_alone(alone);
    for (const card_plan& p : alone)
      if (!p.runs && known_[p.card].second) pairs.push_back({.card = p.card, .count = 2});
    plan_pairs(pairs);
    found_cards found;
    for (auto* part : {&alone, &pairs}) {
      std::stable_sort(part->begin(), part->end(), [&](const card_plan& a, const card_plan& b) {
        return key_of(a) < key_of(b);
      });
      found.all.insert(found.all.end(), part->begin(), part->end());
    }
    if (const auto* refused = refused_by_all(found.all))
      return error{errc::invalid_argument, refused->refused};
    found.next = nearest_of(alone);
    return found;
  }

 private:
  [[nodiscard]] std::tuple<bytes, std::string> key_of(const card_plan& p) const {
    return {known_[p.card].memory, known_[p.card].id};
  }
  [[nodiscard]] std::vector<device> devices_of_plan(const card_plan& p) const {
    const known_card& k = known_[p.card];
    return p.count > 1 ? std::vector{k.alone, *k.second} : std::vector{k.alone};
  }
  [[nodiscard]] std::uint64_t n_caches() const { return unified(q_.r) ? 1 : sequences(q_.r); }
  [[nodiscard]] std::uint64_t grid() const { return n_ctx_multiple * n_caches(); }
  /// The longest context that is looked for, as max_context() has it, in steps of the grid.
  [[nodiscard]] std::uint64_t most_steps() const {
    return std::max<std::uint64_t>(q_.of->hp.n_ctx_train * n_caches() / grid(), 1);
  }

  void plan_alone(std::vector<card_plan>& all) {
    take_rows(sweep_of(axes_for(q_.r, all, {q_.r.n_ctx})), all);
    std::vector<card_plan*> open;
    for (card_plan& p : all)
      if (p.runs) open.push_back(&p);
    find_contexts(open);
  }
  /// Keeps those that run. Of several cards that work at once each set is planned on its own where what is free
  /// decides over their buffers; the run without these tells on which that is worth it.
  void plan_pairs(std::vector<card_plan>& all) {
    const auto keep_those_that_run = [&](const run& r) {
      if (all.empty()) return;
      take_rows(sweep_of(axes_for(r, all, {q_.r.n_ctx})), all);
      if (is_one_device()) for_each(all, [&](card_plan& p) { take_budget(p); });
      std::erase_if(all, [](const card_plan& p) { return !p.runs; });
    };
    keep_those_that_run(without_pipelining(q_.r));
    keep_those_that_run(q_.r);
    std::vector<card_plan*> open;
    for (card_plan& p : all) open.push_back(&p);
    if (is_one_device())
      for_each(all, [&](card_plan& p) { search_context(p); });
    else
      find_contexts(open);
  }
  /// Whether several cards have parts of each tensor: pools of other cards, and whether these can compute, are
  /// not told by a sweep.
  [[nodiscard]] bool is_one_device() const { return q_.r.split_mode == split_mode::tensor; }
  template <class All, class F>
  void for_each(All& all, F&& f) const {
    run_all_(
        all.size(), [&](std::size_t i) { f(all[i]); }, [] { return true; });
  }
  [[nodiscard]] sweep_axes axes_for(const run& r, const std::vector<card_plan>& all,
                                    std::vector<std::uint32_t> n_ctx) const {
    sweep_axes axes;
    axes.models = {q_.of};
    for (const card_plan& p : all) axes.gpus.push_back(devices_of_plan(p));
    axes.cache_types = {{r.type_k, r.type_v}};
    axes.n_parallel = {r.n_parallel};
    axes.n_ctx = std::move(n_ctx);
    axes.base = r;
    axes.held_against = q_.held_against;
    axes.draft = q_.draft;
    axes.mmproj = q_.mmproj;
    return axes;
  }
  [[nodiscard]] sweep_result sweep_of(const sweep_axes& axes) const {
    return sweep(axes, {}, run_all_);
  }
  void take_rows(const sweep_result& swept, std::vector<card_plan>& all) const {
    for (const sweep_refusal& r : swept.refused) all[r.gpu].refused = r.why;
    const sweep_columns& c = swept.columns;
    const auto size = [](std::int64_t n) {
      return bytes{static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0))};
    };
    for (std::size_t row = 0; row < c.used.size(); ++row) {
      card_plan& p = all[static_cast<std::size_t>(c.gpu[row])];
      p.runs = c.fits[row] != 0;
      p.used = size(c.used[row]);
      p.spare = size(c.spare[row]);
      p.missing = size(-c.spare[row]);
      p.host = size(c.host[row]);
      p.basis = basis_of(p, static_cast<basis>(c.basis[row]));
    }
  }
  /// With the driver's context, which a sweep's does not count.
  [[nodiscard]] basis basis_of(const card_plan& p, basis of_buffers) const {
    if (q_.held_against.buffers_only) return of_buffers;
    return std::max({of_buffers, basis::bound, known_[p.card].alone.driver_context.basis});
  }
  /// The same of its own budget.
  void take_budget(card_plan& p) const {
    planner alone = q_.on(devices_of_plan(p));
    const auto b = alone.budget_for(q_.r);
    if (!b) return;
    const auto judged = judge(alone, q_.r, *b);
    p.runs = judged && judged->runs();
    p.used = p.missing = {};
    p.spare = least_spare(*b);
    for (const device_budget& d : b->devices) {
      p.used += d.used();
      p.missing = std::max(p.missing, d.missing());
    }
    p.host = b->host.used();
  }

  /// The largest contexts, on the engine's grid; what lines do not tell is searched for.
  void find_contexts(const std::vector<card_plan*>& of) const {
    std::vector<card_plan> asked;
    for (const card_plan* p : of) asked.push_back(*p);
    std::vector<std::uint32_t> axis;
    // a run that is tight comes not far from what is asked for
    const std::uint64_t first = std::max<std::uint64_t>(q_.r.n_ctx / grid() / 4 * 3, 1);
    for (std::uint64_t n = std::min(first, most_steps()); n <= most_steps(); ++n)
      axis.push_back(static_cast<std::uint32_t>(n * grid()));
    const sweep_axes axes = axes_for(q_.r, asked, std::move(axis));
    const auto last = context_lines(axes).take(run_all_);
    for (std::size_t i = 0; i < of.size(); ++i)
      if (last[i]) {
        of[i]->max_ctx = axes.n_ctx[*last[i]];
        of[i]->by_training = *last[i] + 1 == axes.n_ctx.size();
      }
    for_each(of, [&](card_plan* p) {
      if (p->max_ctx == 0) search_context(*p);
    });
  }
  void search_context(card_plan& p) const {
    planner alone = q_.on(devices_of_plan(p));
    const auto most = max_context(alone, q_.r);
    if (!most) return;
    p.max_ctx = most->n_ctx;
    p.by_training = most->bound_by == context_bound::n_ctx_train;
  }

  [[nodiscard]] static const card_plan* refused_by_all(const std::vector<card_plan>& all) {
    const bool taken =
        std::any_of(all.begin(), all.end(), [](const card_plan& p) { return p.refused.empty(); });
    return taken || all.empty() ? nullptr : &all.front();
  }
  [[nodiscard]] std::optional<nearest_card> nearest_of(const std::vector<card_plan>& alone) const {
    const card_plan* nearest = nullptr;
    for (const card_plan& p : alone)
      if (!p.runs && p.refused.empty() && (nearest == nullptr || p.missing < nearest->missing))
        nearest = &p;
    if (nearest == nullptr) return std::nullopt;
    planner p = q_.on(devices_of_plan(*nearest));
    std::vector<suggestion> changes = what_would_fit(p, q_.r);
    nearest_card next{*nearest};
    if (!changes.empty()) next.change = std::move(changes.front());
    return next;
  }

  const cards_question& q_;
  const std::vector<known_card>& known_;
  const sweep_runner& run_all_;
};

}  // namespace detail

result<found_cards> find_cards(const cards_question& q, const std::vector<known_card>& known,
                               const sweep_runner& run_all) {
  return detail::card_finder(q, known, run_all).take();
}

}  // namespace vrambudget
