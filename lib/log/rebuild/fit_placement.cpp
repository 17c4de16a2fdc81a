// Where a log's layers lay, from the sizes it prints per device.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "layer_borders.hpp"
#include "missing_weights.hpp"
#include "rebuilder.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/effective_context.hpp"
#include "vrambudget/memory/layout.hpp"
#include "vrambudget/memory/place_layers.hpp"

namespace vrambudget {
namespace {

/// A placement and how far its weights are from the log's.
struct candidate {
  run r;
  double off_mib = 0;
  std::string note;
};

/// Whether each device's caches and states are as printed.
bool caches_fit(const memory_layout& layout, const placement& where, const printed_sizes& kv,
                const printed_sizes& states) {
  for (int b = 0; b <= where.host(); ++b) {
    const auto d = static_cast<std::size_t>(b);
    if (any_printed(kv) && !kv[d].is(kv_cache_bytes(layout, b, where.cache_buffers(b))))
      return false;
    if (layout.recurrent && any_printed(states) &&
        !states[d].is(recurrent_state_bytes(*layout.recurrent, b, where.cache_buffers(b))))
      return false;
  }
  return true;
}

/// The run with layers split at these borders: the first layer on a device, then each device's end.
candidate split_at(const std::vector<std::size_t>& ends, std::size_t n_layer, const run& r) {
  candidate c{r, 0, "as many layers on the GPU as the caches tell"};
  c.r.n_gpu_layers = ends.front() == 0 ? -1 : static_cast<std::int32_t>(n_layer + 1 - ends.front());
  c.r.tensor_split.clear();
  if (ends.size() <= 2) return c;
  for (std::size_t d = 0; d + 1 < ends.size(); ++d)
    c.r.tensor_split.push_back(static_cast<float>(ends[d + 1] - ends[d]));
  c.r.tensor_split.back() += 1;  // the output
  c.note = "layers are split so that the caches fit";
  return c;
}

/// The run as it is if its caches fit; else with layers split in all ways that make them fit, if any.
std::vector<candidate> splits(const log_context& c, const log_model& lines, const model& m,
                              const context_params& params, const rebuilt_run& made) {
  const std::vector<candidate> as_it_is{{made.r, 0, {}}};
  const printed_sizes kv = add_up(c.buffers, log_term::kv_cache, made);
  const printed_sizes states = add_up(c.buffers, log_term::recurrent_state, made);
  const auto where = place_layers(made.r, made.devices, m.hp.n_layer_all);
  if ((!any_printed(kv) && !any_printed(states)) || !made.r.offload_kqv || !where) return as_it_is;
  if (caches_fit(layout_of(m, params, *where), *where, kv, states)) return as_it_is;
  std::vector<candidate> found;
  border_search search(bytes_of_layers(m, params), kv, states);
  const std::size_t n = m.hp.n_layer_all + 1u;
  const std::size_t offloaded =
      made.r.n_gpu_layers < 0
          ? n
          : std::min<std::size_t>(n, static_cast<std::size_t>(made.r.n_gpu_layers));
  for (std::size_t start = 0; start < n; ++start) {
    if (lines.offloaded && start != n - offloaded) continue;
    for (const auto& ends : search.from(start))
      found.push_back(split_at(ends, m.hp.n_layer_all, made.r));
  }
  return found.empty() ? as_it_is : found;
}

/// Holds the weights of `c.r` against the log's; if devices have less, looks for what they lack.
void explain_weights(const model& m, const rebuilt_run& made, const printed_sizes& logged,
                     candidate& c) {
  const auto where = place_layers(c.r, made.devices, m.hp.n_layer_all);
  if (!where) return;
  const auto placed = place_weights(m, *where, c.r);
  if (!placed) return;
  const missing_weights missing(m, made, logged, *where);
  c.off_mib = missing.off_mib(*placed);
  if (c.off_mib == 0 || !c.r.overrides.empty() || c.r.cpu_moe || c.r.n_cpu_moe > 0) return;
  if (auto a = missing.explained(c.r))
    c = {std::move(a->r), 0, c.note + (c.note.empty() ? "" : "; ") + a->note};
}

}  // namespace

void fit_placement(const log_context& c, const log_model& lines, const model& m,
                   rebuilt_run& made) {
  const auto params = effective_context(made.r, m.hp);
  if (!params || made.devices.empty()) return;
  std::vector<candidate> candidates = splits(c, lines, m, *params, made);
  const printed_sizes weights = add_up(lines.buffers, log_term::weights, made);
  if (!m.tensors.empty() && any_printed(weights))
    for (candidate& each : candidates) explain_weights(m, made, weights, each);
  const auto best = std::min_element(
      candidates.begin(), candidates.end(),
      [](const candidate& a, const candidate& b) { return a.off_mib < b.off_mib; });
  made.r = std::move(best->r);
  if (!best->note.empty()) made.assumed.push_back(std::move(best->note));
}

}  // namespace vrambudget
