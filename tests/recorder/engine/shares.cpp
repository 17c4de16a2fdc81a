#include "shares.hpp"

#include <string>
#include <string_view>

#include "../stand_in/device.hpp"
#include "refusal.hpp"

namespace recorder {
namespace {

using by_card = std::vector<std::size_t>;

by_card used() {
  by_card all;
  for (int i = 0; i < stand_in::n_cards(); ++i) all.push_back(stand_in::card_at(i)->used);
  return all;
}

std::vector<shares> contexts;
by_card told;

/// Adds what was taken since the last line that told something.
void add_taken(by_card& to) {
  by_card now = used();
  for (std::size_t i = 0; i < now.size(); ++i) to[i] += now[i] - told[i];
  told = std::move(now);
}

/// Lines that end a phase: of src/llama-context.cpp, and of ggml-cuda/allreduce.cu.
void follow(std::string_view line) {
  const auto says = [&](std::string_view words) {
    return line.find(words) != std::string_view::npos;
  };
  if (says("constructing llama_context")) {
    const by_card nothing(told.size());
    contexts.push_back({nothing, nothing, nothing, nothing});
    add_taken(contexts.back().weights);
  } else if (contexts.empty()) {
    return;
  } else if (says("initialized AllReduce")) {
    add_taken(contexts.back().all_reduce);
  } else if (says("sched_reserve: reserving ...")) {
    add_taken(contexts.back().context);
  } else if (says("sched_reserve: reserve took")) {
    add_taken(contexts.back().compute);
  }
}

}  // namespace

void follow_shares() {
  told = used();
  listen(follow);
}

const std::vector<shares>& shares_of_contexts() { return contexts; }

}  // namespace recorder
