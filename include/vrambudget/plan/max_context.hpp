// The other way round: the largest context that fits.
#pragma once

#include <cstdint>

#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/planner.hpp"

namespace vrambudget {

/// The largest n_ctx that runs until it is full, on the engine's grid of 256 cells per sequence, and the
/// largest that is created.
///
/// `shorter`: the budget of the run as it is, which runs with no layer on the host, so that the search begins there; null:
/// with the smallest context.
///
/// Formula:  bisection over the whole model, each step a budget; where to cut is guessed from the room
///           left at both ends, since memory grows almost evenly with the context. Beyond `shorter` what the
///           caches alone have no room for is not planned: all else takes no less then. Where pipelined buffers
///           just fit, nothing may be left for the pool, while a larger context makes the engine do
///           without them and runs: both sides are searched
/// Units:    `limit` in tokens; 0: the training length (per sequence, if each has a cache of its own)
/// Errors:   as planner::budget_for
/// Accuracy: exact for the terms that are
[[nodiscard]] result<context_limit> max_context(planner& p, run r, std::uint32_t limit = 0,
                                                const budget* shorter = nullptr);

}  // namespace vrambudget
