#include "vrambudget/catalogue/preferred_runs.hpp"

#include <utility>

#include "vrambudget/catalogue/prompt_speeds.hpp"

namespace vrambudget {

result<std::vector<preferred_run>> find_preferred_runs(planner& p, const run& r) {
  std::vector<preferred_run> all;
  for (const auto& [word, by] : preference_words) {
    auto best = find_best_run(p, r, by);
    if (!best) return best.error();
    if (!*best) continue;
    const run& chosen = (*best)->how.changed;
    const auto b = p.budget_for(chosen);
    if (!b) return b.error();
    run_speeds speeds = speeds_of(p.get_model(), chosen, p.devices(), *b);
    all.push_back({by, std::move(**best), b->context, b->devices, std::move(speeds)});
  }
  return all;
}

}  // namespace vrambudget
