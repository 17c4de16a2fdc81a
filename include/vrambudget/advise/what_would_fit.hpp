// The smallest changes that make a run fit.
#pragma once

#include <optional>
#include <vector>

#include "vrambudget/advise/suggestion.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// Changes that make `r` fit, each as small as its kind allows, the least harmful first: caches of windows
/// only, another split among cards, cache types, fewer slots, no draft, a smaller batch, a shorter context,
/// experts on the host, fewer layers on the GPU; and as few of them together as it takes, on the devices
/// alone and with the host.
[[nodiscard]] std::vector<suggestion> what_would_fit(planner& p, const run& r);

/// The least harmful of them of a smaller file of the model: none, or the cache in eight bits; where
/// `whatever_it_takes`, else the first of what_would_fit().
[[nodiscard]] std::optional<suggestion> how_it_runs(planner& p, const run& r,
                                                    bool whatever_it_takes);

}  // namespace vrambudget
