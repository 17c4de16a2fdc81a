// What the rules of other builds of the engine do to one run of one model.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "vrambudget/engine/changes.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/plan/max_context.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// Bytes of one term, on all devices or on the host, or how many more they are under other rules.
struct term_difference {
  term_kind term = term_kind::weights;
  bool host = false;
  std::int64_t bytes = 0;
};

/// One run, under the rules of its own engine and of others.
class engine_comparison {
 public:
  /// `most`: its largest context, if contexts are what is asked for. `p` must outlive it.
  /// Errors: those of planner::budget_for()
  [[nodiscard]] static result<engine_comparison> of(planner& p, run r,
                                                    std::optional<context_limit> most = {}) {
    auto b = p.budget_for(r);
    if (!b) return b.error();
    return engine_comparison(p, std::move(r), most.has_value(), terms_of(*b));
  }

  /// What differs, term by term; page_rounding, which follows the others, is left out.
  /// Errors: the engine's, if it would not run
  [[nodiscard]] result<std::vector<term_difference>> with(const engine_rules& rules) const {
    run r = run_;
    r.profile.rules = rules;
    const auto b = planner_->budget_for(r);
    if (!b) return b.error();
    return differences(now_, terms_of(*b));
  }
  /// A change that came after the run's engine is made, one before it undone.
  [[nodiscard]] result<std::vector<term_difference>> with(const engine_change& c) const {
    engine_rules rules = run_.profile.rules;
    c.is_in(rules) ? c.undo(rules) : c.apply(rules);
    return with(rules);
  }
  /// The largest context by a profile's rules, if contexts are what is asked for.
  [[nodiscard]] std::optional<std::uint32_t> most_with(const engine_profile& p) const {
    if (!asks_context_) return std::nullopt;
    run r = run_;
    r.profile = p;
    const auto most = max_context(*planner_, r);
    return most ? std::optional(most->n_ctx) : std::nullopt;
  }

  [[nodiscard]] const engine_profile& base() const { return run_.profile; }
  [[nodiscard]] const std::vector<term_difference>& now() const { return now_; }
  [[nodiscard]] const model& of_model() const { return planner_->get_model(); }
  [[nodiscard]] std::uint32_t n_ctx() const { return run_.n_ctx; }

 private:
  engine_comparison(planner& p, run r, bool asks_context, std::vector<term_difference> now)
      : planner_(&p), run_(std::move(r)), asks_context_(asks_context), now_(std::move(now)) {}

  [[nodiscard]] static std::vector<term_difference> terms_of(const budget& b) {
    std::vector<term_difference> all;
    const auto add = [&](const term_list& list, bool host) {
      for (const term& t : list.terms) {
        if (t.kind == term_kind::page_rounding) continue;
        auto it = std::find_if(all.begin(), all.end(), [&](const term_difference& d) {
          return d.host == host && d.term == t.kind;
        });
        if (it == all.end()) it = all.insert(all.end(), {t.kind, host, 0});
        it->bytes += static_cast<std::int64_t>(t.size.count);
      }
    };
    for (const device_budget& d : b.devices) add(d, false);
    add(b.host, true);
    return all;
  }
  [[nodiscard]] static std::vector<term_difference> differences(
      const std::vector<term_difference>& now, std::vector<term_difference> then) {
    std::vector<term_difference> all;
    for (const term_difference& d : now) {
      const auto it = std::find_if(then.begin(), then.end(), [&](const term_difference& o) {
        return o.host == d.host && o.term == d.term;
      });
      const std::int64_t bytes = it == then.end() ? 0 : it->bytes;
      if (bytes != d.bytes) all.push_back({d.term, d.host, bytes - d.bytes});
      if (it != then.end()) then.erase(it);
    }
    all.insert(all.end(), then.begin(), then.end());
    return all;
  }

  planner* planner_;
  run run_;
  bool asks_context_;
  std::vector<term_difference> now_;
};

}  // namespace vrambudget
