// The placement that `--fit` makes of a run, which divides layers too: what a device has no room for of one may go to
// the next device.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/advise/experts_on_host.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/plan/fitted_run.hpp"

namespace vrambudget::detail {

/// Parts of layers that go to the same buffer.
struct divided_layers {
  std::string_view parts;  ///< of the pattern, after the layer's number
  std::string_view buffer;
  std::vector<std::uint32_t> layers;
};

/// Overrides of one layer each, as fit_run makes them, those of the same parts and buffer in one pattern.
[[nodiscard]] inline std::vector<tensor_override> in_few(const std::vector<tensor_override>& each) {
  constexpr std::string_view front = "blk\\.", behind = "\\.";
  std::vector<divided_layers> all;
  for (const tensor_override& o : each) {
    const std::string_view rest = std::string_view(o.pattern).substr(front.size());
    const std::size_t end = rest.find(behind);
    const std::string_view parts = rest.substr(end + behind.size());
    auto same = std::find_if(all.begin(), all.end(), [&](const divided_layers& d) {
      return d.parts == parts && d.buffer == o.buffer;
    });
    if (same == all.end()) same = all.insert(all.end(), {parts, o.buffer, {}});
    same->layers.push_back(static_cast<std::uint32_t>(std::stoul(std::string(rest.substr(0, end)))));
  }
  std::vector<tensor_override> few;
  for (divided_layers& d : all) {
    std::sort(d.layers.begin(), d.layers.end());
    std::string which;
    for (std::size_t i = 0, end = 0; i < d.layers.size(); i = end) {
      for (end = i + 1; end < d.layers.size() && d.layers[end] == d.layers[end - 1] + 1;) ++end;
      which += (which.empty() ? "" : "|") + numbers(d.layers[i], d.layers[end - 1]);
    }
    few.push_back({.pattern = std::string(front) + "(" + which + ")" + std::string(behind) +
                              std::string(d.parts),
                   .buffer = std::string(d.buffer)});
  }
  return few;
}

/// Layers of which a part or all is on the host.
[[nodiscard]] inline std::uint32_t n_on_host(const planner& p, const run& r) {
  const model& m = p.get_model();
  const auto used = devices_of(r, p.devices());
  if (!used) return 0;
  const auto where = place_layers(r, *used, m.hp.n_layer_all);
  if (!where) return 0;
  const auto placed = place_weights(m, *where, r, p.devices().size());
  if (!placed) return 0;
  std::vector<bool> is_there(m.hp.n_layer_all);
  for (const placed_weight& w : placed->all) {
    const int il = stack_of(m.tensors[w.tensor].name).il;
    if (il >= 0 && static_cast<std::size_t>(il) < is_there.size() && w.backend == where->host())
      is_there[static_cast<std::size_t>(il)] = true;
  }
  return static_cast<std::uint32_t>(std::count(is_there.begin(), is_there.end(), true));
}

struct fitted_placement {
  run r;
  budget b;
};

/// What devices have in a run that fitting does not count: pools, the rest of pages, what of the driver's context is
/// more than expected.
[[nodiscard]] inline std::vector<bytes> uncounted(const planner& p, const budget& b) {
  std::vector<bytes> all(p.devices().size());
  for (const device_budget& d : b.devices)
    if (d.id.index < all.size())
      all[d.id.index] = d.of(term_kind::pool) + d.of(term_kind::page_rounding) +
                        saturating_sub(d.context_at(estimate::high), d.context_at(estimate::expected));
  return all;
}

/// A run as `--fit` makes it of one without placement, with as little left free on devices as what it does not count
/// asks for: `uncounted` at first.
[[nodiscard]] inline std::optional<fitted_placement> fit_closely(planner& p, const run& r,
                                                                 std::vector<bytes> uncounted) {
  fit_wish wish{.targets = std::move(uncounted)};
  for (std::size_t i = 0; i <= p.devices().size(); ++i) {
    auto fitted = fit_run(p, r, wish);
    if (!fitted || fitted->status != fit_status::success || !fitted->moved) return std::nullopt;
    auto b = p.budget_for(fitted->r);
    if (!b) return std::nullopt;
    const auto refused = b->first_refused(estimate::high);
    if (!refused) {
      fitted->r.overrides = in_few(fitted->r.overrides);
      return fitted_placement{std::move(fitted->r), std::move(*b)};
    }
    if (refused->device.index >= wish.targets.size()) return std::nullopt;
    wish.targets[refused->device.index] += refused->missing;
  }
  return std::nullopt;
}

/// `found`, whose budget is `b`, with its weights placed anew from where `told` begins, and as large a micro-batch as there is room for
/// then. Nothing: they are placed by hand, or the run does not fit so.
[[nodiscard]] inline std::optional<fitted_placement> with_fitted_placement(planner& p,
                                                                           const run& told,
                                                                           const run& found,
                                                                           const budget& b) {
  run r = found;
  r.n_gpu_layers = told.n_gpu_layers;
  r.tensor_split = told.tensor_split;
  r.overrides = told.overrides;
  r.cpu_moe = told.cpu_moe;
  r.n_cpu_moe = told.n_cpu_moe;
  r.n_cpu_ffn = told.n_cpu_ffn;
  r.n_ubatch = std::min(found.n_ubatch, told.n_ubatch);
  auto placed = fit_closely(p, r, uncounted(p, b));
  if (!placed || !placed->b.fits()) return std::nullopt;
  if (placed->r.n_gpu_layers > static_cast<std::int32_t>(p.get_model().hp.n_layer_all))
    placed->r.n_gpu_layers = told.n_gpu_layers;
  for (std::uint32_t n = found.n_ubatch; n > r.n_ubatch; n /= 2) {
    run larger = placed->r;
    larger.n_ubatch = n;
    auto planned = p.budget_for(larger);
    if (!planned || !planned->fits()) continue;
    placed->r = std::move(larger);
    placed->b = std::move(*planned);
    break;
  }
  return placed;
}

}  // namespace vrambudget::detail
