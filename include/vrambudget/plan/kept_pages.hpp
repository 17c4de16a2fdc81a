// What a run keeps on its devices whatever its graphs are: weights and caches, found without any graph.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/allocation.hpp"

namespace vrambudget {

/// Pages of each device that a run uses, of the model alone. A budget of the same run has no less there.
struct kept_pages {
  std::vector<bytes> weights;  ///< empty: not asked for
  std::vector<bytes> caches;
};

/// Those of a run. Nothing: cards share tensors by parts, or the engine refuses the run.
///
/// Formula:  in_pages() of the weights' buffer, and of the buffer of each cache and each kind of state
/// Accuracy: exact, as planner::budget_for
[[nodiscard]] inline std::optional<kept_pages> kept_pages_of(const model& m, const run& r,
                                                             std::span<const device> devices,
                                                             bool with_weights) {
  if (r.split_mode == split_mode::tensor || r.split_mode == split_mode::row) return std::nullopt;
  const auto used = devices_of(r, devices);
  if (!used) return std::nullopt;
  const auto where = place_layers(r, *used, m.hp.n_layer_all);
  const auto context = effective_context(r, m.hp);
  if (!where || !context) return std::nullopt;
  kept_pages kept;
  if (with_weights) {
    const auto placed = place_weights(m, *where, r, devices.size());
    if (!placed) return std::nullopt;
    for (std::size_t i = 0; i < used->size(); ++i)
      kept.weights.push_back(
          in_pages(placed->on(where->backend_of(i)), page_of((*used)[i].backend)));
  }
  const memory_layout layout = layout_of(m, *context, *where);
  for (std::size_t i = 0; i < used->size(); ++i) {
    const int backend = where->backend_of(i);
    const ggml::buffer_type& in = where->cache_buffers(backend);
    const bytes page = page_of((*used)[i].backend);
    bytes sum;
    for (const kv_cache& c : layout.caches) sum += in_pages(kv_cache_bytes(c, backend, in), page);
    for (const compressor_state& s : layout.compressors)
      sum += in_pages(compressor_state_bytes(s, backend, in), page);
    if (layout.recurrent)
      sum += in_pages(recurrent_state_bytes(*layout.recurrent, backend, in), page);
    kept.caches.push_back(sum);
  }
  return kept;
}

}  // namespace vrambudget
