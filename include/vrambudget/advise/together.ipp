// How several models are planned at once; see together.hpp.
#pragma once

#include <algorithm>
#include <numeric>
#include <utility>

#include "vrambudget/advise/together.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/llama_cpp.hpp"

namespace vrambudget {

namespace detail {

class together_planner {
 public:
  explicit together_planner(const together_question& q) : q_(q) {
    for (const model* m : q.models) alone_.push_back(planner_for(*m, q.devices));
  }

  result<together_answer> take() {
    together_answer a;
    if (const auto found = find_context(a); !found) return found.error();
    auto all = plan(everyone(), asked(a));
    if (!all) return all.error();
    a.all = std::move(*all);
    if (a.all.runs()) return a;
    if (const auto found = find_subsets(a); !found) return found.error();
    if (const auto found = find_swap(a); !found) return found.error();
    return a;
  }

 private:
  using numbers = std::vector<std::size_t>;

  [[nodiscard]] numbers everyone() const {
    numbers all(q_.models.size());
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }
  [[nodiscard]] planner planner_for(const model& m, std::vector<device> on) const {
    return {m, std::move(on), q_.held_against, q_.draft, q_.mmproj};
  }
  [[nodiscard]] std::uint64_t n_caches() const { return unified(q_.r) ? 1 : sequences(q_.r); }
  [[nodiscard]] std::uint64_t grid() const { return n_ctx_multiple * n_caches(); }
  [[nodiscard]] std::uint64_t trained(std::size_t i) const {
    return std::max<std::uint64_t>(q_.models[i]->hp.n_ctx_train * n_caches() / grid(), 1) * grid();
  }

  /// The context of each model: one that is asked for, or a common one, of which each takes what it was trained
  /// for.
  struct contexts {
    std::uint64_t n = 0;
    bool is_common = false;
  };
  [[nodiscard]] run run_of(std::size_t i, contexts c) const {
    run r = q_.r;
    r.n_ctx = static_cast<std::uint32_t>(c.is_common ? std::min(c.n, trained(i)) : c.n);
    return r;
  }
  [[nodiscard]] contexts asked(const together_answer& a) const {
    constexpr std::uint32_t usual_ctx = 8192;
    if (q_.n_ctx) return {*q_.n_ctx, false};
    return {a.max_ctx ? a.max_ctx : usual_ctx, true};
  }

  result<void> find_context(together_answer& a) {
    std::uint64_t most = 0;
    for (std::size_t i = 0; i < q_.models.size(); ++i) most = std::max(most, trained(i));
    const auto fits = [&](std::uint64_t steps) -> result<bool> {
      const auto p = plan(everyone(), {steps * grid(), true});
      if (!p) return p.error();
      return p->verdict == verdict_kind::fits;
    };
    std::uint64_t enough = 0, too_much = most / grid() + 1;
    while (enough + 1 < too_much) {
      // the whole training length first, since small models often have it
      const std::uint64_t middle =
          too_much > most / grid() ? most / grid() : enough + (too_much - enough) / 2;
      const auto fit = fits(middle);
      if (!fit) return fit.error();
      (*fit ? enough : too_much) = middle;
    }
    a.max_ctx = static_cast<std::uint32_t>(enough * grid());
    a.by_training = enough * grid() == most;
    return {};
  }

  result<together_plan> plan(const numbers& which, contexts c) {
    together_plan p;
    p.models = which;
    std::vector<device> left = q_.devices;
    for (const std::size_t i : which) {
      auto b = budget_of(i, run_of(i, c), left);
      if (!b) return in_context(q_.models[i]->name, b.error());
      take_from(left, *b);
      p.budgets.push_back(std::move(*b));
    }
    add_host(p);
    add_devices(p);
    p.verdict = judged(p);
    return p;
  }
  /// On one device what is free decides over no buffer. A device that is full already splits nothing.
  result<budget> budget_of(std::size_t i, const run& r, const std::vector<device>& left) {
    const bool full =
        std::any_of(left.begin(), left.end(), [](const device& d) { return d.free.count == 0; });
    if (left.size() < 2 || full) return alone_[i].budget_for(r);
    return planner_for(*q_.models[i], left).budget_for(r);
  }
  static void take_from(std::vector<device>& left, const budget& b) {
    for (const device_budget& d : b.devices) {
      bytes& free = left[d.id.index].free;
      free = saturating_sub(free, d.used(estimate::expected));
    }
  }

  void add_devices(together_plan& p) const {
    for (std::size_t i = 0; i < q_.devices.size(); ++i) {
      const device_id id{q_.devices[i].backend, static_cast<std::uint32_t>(i)};
      shared_device s;
      s.id = id;
      s.gpu = q_.devices[i];
      s.usable = usable_of(s.gpu, q_.held_against.reserve);
      bytes of_host;
      const bool shares = s.gpu.unified && std::none_of(p.devices.begin(), p.devices.end(),
                                                        [](const auto& o) { return o.gpu.unified; });
      for (std::size_t n = 0; n < p.budgets.size(); ++n) {
        const device_budget* d = p.budgets[n].find_device(id);
        s.used.push_back(d ? d->used() : bytes{});
        if (d == nullptr) continue;
        s.total += d->used();
        s.total_expected += d->used(estimate::expected);
        if (shares) of_host += p.host.needed[n];
        s.basis = std::max(s.basis, d->weakest());
      }
      s.usable = saturating_sub(s.usable, s.gpu.taken_by_host(s.usable, of_host));
      p.devices.push_back(std::move(s));
    }
  }
  void add_host(together_plan& p) const {
    p.host.ram = q_.held_against.ram;
    for (std::size_t n = 0; n < p.budgets.size(); ++n) {
      const host_budget& h = p.budgets[n].host;
      const bytes mapped = shared(p, n, residence::mapped),
                  locked = shared(p, n, residence::locked);
      p.host.shared.push_back(mapped + locked);
      p.host.needed.push_back(saturating_sub(h.needed(), mapped + locked));
      p.host.total += p.host.needed.back();
      p.host.resident += saturating_sub(h.resident(), locked);
    }
  }
  /// What of the weights of one of them lies in pages that those before it hold already.
  [[nodiscard]] bytes shared(const together_plan& p, std::size_t n, residence held) const {
    bytes sum;
    for (const term_kind k : {term_kind::weights, term_kind::draft_weights}) {
      bytes most;
      for (std::size_t before = 0; before < n; ++before)
        if (is_same_file(k, p.models[before], p.models[n]))
          most = std::max(most, from_file(p.budgets[before], k, held));
      sum += std::min(most, from_file(p.budgets[n], k, held));
    }
    return sum;
  }
  [[nodiscard]] static bytes from_file(const budget& b, term_kind k, residence held) {
    const term* t = b.host.find(k);
    return t && t->held == held ? t->size : bytes{};
  }
  /// Whether both have such weights from the same file. Of the catalogue a name is one.
  [[nodiscard]] bool is_same_file(term_kind k, std::size_t a, std::size_t b) const {
    if (k == term_kind::draft_weights && q_.draft) return true;
    const model &one = *q_.models[a], &other = *q_.models[b];
    if (!one.path.empty() || !other.path.empty()) return one.path == other.path;
    return &one == &other || (!one.name.empty() && one.name == other.name);
  }
  [[nodiscard]] static verdict_kind judged(const together_plan& p) {
    const auto& h = p.host;
    if (h.ram && h.resident > *h.ram) return verdict_kind::does_not_load;
    for (const shared_device& d : p.devices)
      if (!d.fits_as_expected())
        return d.gpu.spills_from ? verdict_kind::spills : verdict_kind::does_not_load;
    for (const budget& b : p.budgets)
      if (!b.aborts.empty()) return verdict_kind::fails_in_use;
    if (h.ram && h.total > *h.ram) return verdict_kind::reads_from_disk;
    const bool all_fit = std::all_of(p.devices.begin(), p.devices.end(),
                                     [](const shared_device& d) { return d.fits(); });
    return all_fit ? verdict_kind::fits : verdict_kind::tight;
  }

  /// Sets of models, the largest first, without those that are part of one that runs.
  result<void> find_subsets(together_answer& a) {
    const std::size_t n = q_.models.size();
    for (std::size_t size = n - 1; size > 0; --size)
      for (std::size_t mask = 1; mask < std::size_t{1} << n; ++mask) {
        numbers some;
        for (std::size_t i = 0; i < n; ++i)
          if (mask >> i & 1) some.push_back(i);
        const auto contains_it = [&](const numbers& s) {
          return std::includes(s.begin(), s.end(), some.begin(), some.end());
        };
        if (some.size() != size || std::any_of(a.subsets.begin(), a.subsets.end(), contains_it))
          continue;
        const auto p = plan(some, asked(a));
        if (!p) return p.error();
        if (p->runs()) a.subsets.push_back(std::move(some));
      }
    return {};
  }
  result<void> find_swap(together_answer& a) {
    swap_need s;
    s.devices.resize(q_.devices.size());
    s.largest.resize(q_.devices.size());
    s.runs = true;
    for (std::size_t i = 0; i < q_.models.size(); ++i) {
      const auto p = plan({i}, asked(a));
      if (!p) return p.error();
      s.runs = s.runs && p->runs();
      s.host = std::max(s.host, p->host.total);
      for (std::size_t d = 0; d < s.devices.size(); ++d)
        if (p->devices[d].total > s.devices[d]) {
          s.devices[d] = p->devices[d].total;
          s.largest[d] = i;
        }
    }
    a.swap = std::move(s);
    return {};
  }

  const together_question& q_;
  std::vector<planner> alone_;
};

}  // namespace detail

result<together_answer> plan_together(const together_question& q) {
  if (q.models.size() < 2)
    return error{errc::invalid_argument, "together: name two models or more"};
  if (q.models.size() > most_together)
    return error{errc::invalid_argument,
                 "together: at most " + std::to_string(most_together) + " models"};
  return detail::together_planner(q).take();
}

}  // namespace vrambudget
