// What a longer context is traded for: cache types, micro-batches, slots.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "vrambudget/engine/context.hpp"
#include "vrambudget/ggml/type.hpp"
#include "vrambudget/plan/answer.hpp"
#include "vrambudget/plan/planner.hpp"
#include "vrambudget/plan/sweep.hpp"

namespace vrambudget {

/// What is tried, each with each.
struct trade_axes {
  std::vector<ggml_type> cache_types = {ggml_type::f16, ggml_type::q8_0, ggml_type::q4_0};
  std::vector<std::uint32_t> n_ubatch = {256, 512, 1024, 2048};
  std::vector<std::uint32_t> n_parallel = {1, 2, 4, 8};
};

/// The usual axes, with what the run asks for among them.
[[nodiscard]] trade_axes trade_axes_of(const run& r);

/// One run of the table, `n_batch` not less than `n_ubatch`.
struct trade {
  std::optional<ggml_type> cache_type;  ///< of K and V; absent: the model keeps none
  std::uint32_t n_ubatch = 0, n_parallel = 0;
  std::optional<context_limit> largest = {};  ///< absent: the engine refuses such a run
  std::uint32_t n_ctx_seq = 0;                ///< tokens of it that one slot can use

  /// Whether it has so many tokens over all slots.
  [[nodiscard]] bool holds(std::uint32_t n_ctx) const { return largest && largest->n_ctx >= n_ctx; }
};

/// By type, where the model keeps a KV cache, then micro-batch, then slots. `plans`: gives what plans one of them; `run_all`: who does the work.
///
/// Formula: max_context() of each
/// Errors:  that of the first run, if every one is refused
[[nodiscard]] result<std::vector<trade>> find_trades(const std::function<planner()>& plans,
                                                     const run& r, const trade_axes& axes,
                                                     const sweep_runner& run_all = in_turn());

}  // namespace vrambudget
