#include "vrambudget/advise/trade.hpp"

#include <algorithm>

#include "vrambudget/engine/llama_cpp.hpp"
#include "vrambudget/plan/max_context.hpp"

namespace vrambudget {
namespace {

void add_to(std::vector<std::uint32_t>& axis, std::uint32_t value) {
  if (std::find(axis.begin(), axis.end(), value) == axis.end()) axis.push_back(value);
  std::sort(axis.begin(), axis.end());
}

/// The types of a cache that are tried; of a model that keeps nothing per token none is said.
std::vector<std::optional<ggml_type>> cache_types_of(const trade_axes& axes, planner p, run r) {
  r.n_ctx = n_ctx_multiple;
  const auto b = p.budget_for(r);
  if (b && !b->keeps_kv()) return {std::nullopt};
  return {axes.cache_types.begin(), axes.cache_types.end()};
}

}  // namespace

trade_axes trade_axes_of(const run& r) {
  trade_axes axes;
  if (std::find(axes.cache_types.begin(), axes.cache_types.end(), r.type_k) ==
      axes.cache_types.end())
    axes.cache_types.push_back(r.type_k);
  add_to(axes.n_ubatch, r.n_ubatch);
  if (r.n_parallel) add_to(axes.n_parallel, r.n_parallel);
  return axes;
}

result<std::vector<trade>> find_trades(const std::function<planner()>& plans, const run& r,
                                       const trade_axes& axes, const sweep_runner& run_all) {
  std::vector<trade> all;
  for (const auto type : cache_types_of(axes, plans(), r))
    for (const std::uint32_t n_ubatch : axes.n_ubatch)
      for (const std::uint32_t n_parallel : axes.n_parallel)
        all.push_back({.cache_type = type, .n_ubatch = n_ubatch, .n_parallel = n_parallel});
  std::vector<std::optional<error>> refused(all.size());
  const auto find = [&](std::size_t i) {
    trade& t = all[i];
    run one = r;
    one.n_ctx = 0;
    if (t.cache_type) one.type_k = one.type_v = *t.cache_type;
    one.n_ubatch = t.n_ubatch;
    one.n_batch = std::max(r.n_batch, t.n_ubatch);
    one.n_parallel = t.n_parallel;
    planner p = plans();
    const auto most = max_context(p, one);
    if (!most) {
      refused[i] = most.error();
      return;
    }
    t.largest = *most;
    t.n_ctx_seq = unified(one) ? most->n_ctx : most->n_ctx / t.n_parallel;
  };
  run_all(all.size(), find, [] { return true; });
  if (!all.empty() &&
      std::all_of(refused.begin(), refused.end(), [](const auto& e) { return e.has_value(); }))
    return *refused.front();
  return all;
}

}  // namespace vrambudget
