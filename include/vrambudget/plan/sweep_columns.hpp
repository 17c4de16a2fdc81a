// What a sweep (sweep.hpp) gives, as plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace vrambudget {

/// One row for each point that the engine accepts, in the order of the axes, the context innermost. Sizes
/// are bytes over all devices of the point.
struct sweep_columns {
  std::vector<std::int32_t> model, gpu;   ///< numbers on their axes
  std::vector<std::int32_t> cache_types;  ///< the same
  std::vector<std::int64_t> n_parallel, n_ctx;
  std::vector<std::int64_t> weights, kv_cache, recurrent_state, compute_buffer, driver_context,
      pool;
  std::vector<std::int64_t> other;   ///< of a draft: all its terms
  std::vector<std::int64_t> used;    ///< sum of these
  std::vector<std::int64_t> usable;  ///< free memory less the reserve
  std::vector<std::int64_t> spare;   ///< on the fullest device; negative: missing there
  std::vector<std::int64_t> host;    ///< all terms of the host
  std::vector<std::uint8_t> fits;
  std::vector<std::uint8_t> basis;         ///< weakest of the engine's own buffers: enum basis
  std::vector<std::uint8_t> interpolated;  ///< on a line between budgets, not one itself
};

/// Points that the engine refuses: they have no row.
struct sweep_refusal {
  std::size_t model, gpu, cache_types, n_parallel;  ///< numbers on their axes
  std::uint32_t n_ctx_first, n_ctx_last;            ///< of the contexts, in the order of the axis
  std::string why;
};

struct sweep_result {
  sweep_columns columns;
  std::vector<sweep_refusal> refused;
  std::uint64_t n_budgets = 0;  ///< that were planned for it
  bool stopped = false;         ///< by `progress`
};

/// Called now and then with the points done and their number; false stops the sweep.
using sweep_progress = std::function<bool(std::uint64_t done, std::uint64_t all)>;

}  // namespace vrambudget
