// A plan without the library: no files, no catalogue.
#include <vrambudget/plan/max_context.hpp>
#include <vrambudget/plan/planner.hpp>

#include "header_of.hpp"

namespace vb = vrambudget;

int main() {
  const vb::model model = vb::testing::small_llama().value();
  vb::planner planner(model, {vb::testing::card()});
  const vb::run run{.n_ctx = 4096, .n_parallel = 1};
  const vb::budget budget = planner.budget_for(run).value();
  const vb::context_limit most = vb::max_context(planner, run).value();
  // K and V of 4 layers, 4096 cells, 2 heads of 64 values, 2 bytes each; the model was trained with 8192
  const bool right =
      budget.devices[0].of(vb::term_kind::kv_cache).count == 2 * 4 * 4096 * 2 * 64 * 2;
  return right && most.n_ctx == 8192 ? 0 : 1;
}
