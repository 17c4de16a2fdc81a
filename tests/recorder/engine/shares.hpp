// What each card takes for each context under `-sm tensor`: the engine's own breakdown shows the largest
// share only.
#pragma once

#include <cstddef>
#include <vector>

namespace recorder {

/// Bytes by card, in the order in which they are taken.
struct shares {
  std::vector<std::size_t> weights, all_reduce, context, compute;
};

/// Follows from now on what the cards give; the engine's log tells what for, so it has to be kept.
void follow_shares();
/// Of the contexts that were made, in order. One without a model of its own has no weights.
const std::vector<shares>& shares_of_contexts();

}  // namespace recorder
