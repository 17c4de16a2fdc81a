#include "page.hpp"

#include <utility>

#include "capacities.hpp"
#include "contexts.hpp"
#include "prompts.hpp"
#include "speeds.hpp"
#include "totals.hpp"
#include "vrambudget/catalogue/overheads.hpp"

namespace vrambudget::accuracy {
namespace {

/// Machines of the totals whose own contexts the model was fitted to.
models_by_rig models_without_each(const std::vector<total_reading>& rows,
                                  const std::vector<context_reading>& contexts) {
  models_by_rig models{{"", driver_contexts()}};
  for (const total_reading& r : rows) {
    if (models.contains(r.rig)) continue;
    std::vector<context_reading> others;
    for (const context_reading& c : contexts)
      if (c.rig != r.rig) others.push_back(c);
    models.emplace(r.rig, fitted_to(others));
  }
  return models;
}

std::vector<context_in_use> contexts_in_use(const std::string& file,
                                            const std::vector<total_reading>& rows) {
  std::vector<context_in_use> all = read_contexts_in_use(file);
  for (const auto& [rig, s] : samples_of(rows))
    all.push_back({rig, s.gpu, s.low, s.high, driver_context_of(s.threads).in_use});
  return all;
}

}  // namespace

std::vector<page_table> page_tables(const std::string& data) {
  const auto contexts = read_contexts(data + "/contexts.jsonl");
  const auto totals = read_totals(data + "/overheads.jsonl");
  const auto speeds = read_speeds(data + "/speeds.jsonl");
  const auto prompts = read_prompts(data + "/prompts.jsonl");
  return {
      {"contexts", markdown(context_lines(contexts))},
      {"contexts in use", markdown(contexts_in_use(data + "/contexts.jsonl", totals))},
      {"capacities", markdown(capacity_lines(read_capacities(data + "/capacities.jsonl")))},
      {"totals", markdown(total_lines(totals, models_without_each(totals, contexts)))},
      {"speeds", markdown(fitted_shares(speeds))},
      {"speeds held out", markdown(held_out_lines(of_cards(speeds, true)))},
      {"speeds held out elsewhere", markdown(held_out_lines(of_cards(speeds, false)))},
      {"prompts", markdown(fitted_shares(speeds_of(prompts), grouping::by_memory))},
      {"prompts held out", markdown(held_out_lines(speeds_of(prompts), grouping::by_memory))},
      {"prompts elsewhere", markdown(other_lines(prompts))},
  };
}

}  // namespace vrambudget::accuracy
