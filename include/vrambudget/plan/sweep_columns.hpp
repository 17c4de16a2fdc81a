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
      pool;                                 ///< with what compute buffers grow by
  std::vector<std::int64_t> other;          ///< all terms of a draft and of a projector
  std::vector<std::int64_t> page_rounding;  ///< what buffers leave unused of their last pages
  std::vector<std::int64_t> used;           ///< sum of these
  std::vector<std::int64_t> usable;         ///< free memory less the reserve
  std::vector<std::int64_t> spare;          ///< on the fullest device; negative: missing there
  std::vector<std::int64_t> host;           ///< all terms of the host
  std::vector<std::uint8_t> fits;           ///< as expected: run_verdict::runs()
  std::vector<std::uint8_t> basis;          ///< weakest of the engine's own buffers: enum basis
  std::vector<std::uint8_t> interpolated;   ///< on a line between budgets, not one itself

  /// Calls `f` with the name and the values of each column, in this order.
  template <class Columns, class F>
  static void for_each(Columns& c, F&& f) {
    f("model", c.model);
    f("gpu", c.gpu);
    f("cache_types", c.cache_types);
    f("n_parallel", c.n_parallel);
    f("n_ctx", c.n_ctx);
    f("weights", c.weights);
    f("kv_cache", c.kv_cache);
    f("recurrent_state", c.recurrent_state);
    f("compute_buffer", c.compute_buffer);
    f("driver_context", c.driver_context);
    f("pool", c.pool);
    f("other", c.other);
    f("page_rounding", c.page_rounding);
    f("used", c.used);
    f("usable", c.usable);
    f("spare", c.spare);
    f("host", c.host);
    f("fits", c.fits);
    f("basis", c.basis);
    f("interpolated", c.interpolated);
  }
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
  bool stopped = false;         ///< by `progress`: there are no rows then
};

/// Called now and then with the points done and their number, on the thread that asked for the sweep; false
/// stops it.
using sweep_progress = std::function<bool(std::uint64_t done, std::uint64_t all)>;

/// Does work(0) to work(n - 1), each once, in any order and on any threads, and calls `between` on its
/// caller's now and then. False: `between` said to stop, and some were not done. What either throws is thrown.
using sweep_runner = std::function<bool(std::size_t n, const std::function<void(std::size_t)>& work,
                                        const std::function<bool()>& between)>;

}  // namespace vrambudget
