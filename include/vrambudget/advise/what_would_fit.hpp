// The smallest changes that make a run fit.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// Changes that make `r` fit, each as small as its kind allows, the least harmful first: caches of windows
/// only, another split among cards, cache types, fewer slots, no draft, a smaller batch, a shorter context,
/// experts or feed-forward tensors on the host, fewer layers on the GPU; and as few of them together as it takes, on
/// the devices alone and with the host. Where less than three are found, further ones that keep more on the devices.
[[nodiscard]] std::vector<suggestion> what_would_fit(planner& p, const run& r);

/// What may be changed of a run so that another file of its model fits.
enum class effort : std::uint8_t {
  none,
  smaller_cache,     ///< the cache in eight bits
  whatever_it_takes  ///< the first of what_would_fit()
};
/// What may be changed for another file, where a run has these ways out: nothing that would do for its own.
[[nodiscard]] inline effort effort_for(const std::vector<suggestion>& ways_out) {
  if (ways_out.empty()) return effort::whatever_it_takes;
  for (const suggestion& s : ways_out)
    if (s.changes == std::vector{change_kind::cache_types}) return effort::none;
  return effort::smaller_cache;
}

/// The run itself if it fits, else with the least harmful changes that are allowed; nothing: it does not fit.
[[nodiscard]] std::optional<suggestion> how_it_runs(planner& p, const run& r, effort most);

}  // namespace vrambudget
