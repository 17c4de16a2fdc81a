// A model whose tensors have their places: what of a plan does not depend on the context.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vrambudget/engine/run.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/adapters.hpp"
#include "vrambudget/memory/compute_buffer.hpp"
#include "vrambudget/memory/mapped_weights.hpp"
#include "vrambudget/memory/place_layers.hpp"
#include "vrambudget/memory/row_slices.hpp"
#include "vrambudget/memory/tensor_slices.hpp"
#include "vrambudget/memory/weights.hpp"
#include "vrambudget/model/model.hpp"
#include "vrambudget/plan/allocation.hpp"

namespace vrambudget::detail {

/// Kept by a planner from run to run; its graphs point into it.
struct placed_model {
  placed_model(const model& model, std::vector<device> used, placement to, weights of,
               placed_adapters beside, const run& r)
      : m(model),
        devices(std::move(used)),
        where(std::move(to)),
        placed_weights(std::move(of)),
        adapted_by(std::move(beside)),
        made_for(r),
        slicer(slicer_for(m, devices.size(), r)),
        rows(rows_for(devices, r)),
        graphs(m, where, placed_weights, devices, r, slicer ? &*slicer : nullptr) {
    for (std::size_t i = 0; i < devices.size(); ++i)
      weights_on_card.push_back(slicer ? sliced_weights(i)
                                : rows ? weights_with_rows(i)
                                       : placed_weights.on(where.backend_of(i)));
    for (const device& d : devices) mapped_on_card.push_back(mapping_of(d));
    graphs.adapt(adapted_by, r.lora_apply);
  }

  const model& m;
  std::vector<device> devices;  ///< that the run uses
  placement where;
  weights placed_weights;
  placed_adapters adapted_by;
  run made_for;
  std::optional<tensor_slicer> slicer;  ///< of cards that are one device; absent: each is its own
  std::optional<row_slicer> rows;       ///< of cards that share matrices by rows
  std::vector<bytes> weights_on_card;
  std::vector<std::optional<mapped_tensors>> mapped_on_card;  ///< absent: weights are copied there
  graph_planner graphs;
  std::vector<std::vector<device>>
      elsewhere;  ///< planner::count_pools_on(), those that the run uses

  /// Whether cards share the rows of this one.
  [[nodiscard]] bool divides(const placed_weight& w) const {
    return rows && w.backend != where.host() &&
           rows->divides(m.tensors[w.tensor], static_cast<std::size_t>(w.backend));
  }

 private:
  static std::optional<tensor_slicer> slicer_for(const model& m, std::size_t n_cards,
                                                 const run& r) {
    if (r.split_mode != split_mode::tensor) return std::nullopt;
    return tensor_slicer(m, n_cards, r.tensor_split, r.profile.rules);
  }
  static std::optional<row_slicer> rows_for(std::span<const device> cards, const run& r) {
    if (r.split_mode != split_mode::row || cards.empty()) return std::nullopt;
    return row_slicer(cards, r);
  }
  [[nodiscard]] std::optional<mapped_tensors> mapping_of(const device& d) const {
    if (!made_for.mmap || !reads_files_in_place(d)) return std::nullopt;
    const auto on = where.backend_of(static_cast<std::size_t>(&d - devices.data()));
    return mapped_on(m, placed_weights, on, bytes{d.limits.buffer}, page_of(d.backend));
  }
  [[nodiscard]] bytes weights_with_rows(std::size_t card) const {
    bytes sum;
    for (const placed_weight& w : placed_weights.all)
      if (divides(w))
        sum += rows->size_on(card, m.tensors[w.tensor]);
      else if (w.backend == static_cast<int>(card))
        sum += w.size;
    return sum;
  }
  [[nodiscard]] bytes sliced_weights(std::size_t card) const {
    bytes sum;
    for (const placed_weight& w : placed_weights.all) {
      if (w.backend != where.backend_of(card)) continue;
      const model_tensor& t = m.tensors[w.tensor];
      const auto s = slicer->of(t);
      sum += s ? slice_size(t, *s, card) : w.size;
    }
    return sum;
  }
};

/// Whether tensors lie at the same places for two runs, and the same is done with them.
[[nodiscard]] inline bool same_place(const run& a, const run& b) {
  return a.n_gpu_layers == b.n_gpu_layers && a.split_mode == b.split_mode &&
         a.main_gpu == b.main_gpu && a.tensor_split == b.tensor_split && a.cpu_moe == b.cpu_moe &&
         a.n_cpu_moe == b.n_cpu_moe && a.n_cpu_ffn == b.n_cpu_ffn && a.op_offload == b.op_offload &&
         a.profile == b.profile && loads_nextn(a) == loads_nextn(b) && a.overrides == b.overrides &&
         a.lora_apply == b.lora_apply && a.repack == b.repack && a.no_host == b.no_host &&
         a.cpu == b.cpu && a.mmap == b.mmap;
}

/// Whether such devices are planned together, and shared as `r` says.
///
/// Errors:   unsupported  devices of several backends, several of Apple's; -sm tensor or row but for CUDA's and
///                        ROCm's
[[nodiscard]] inline result<void> check_devices(const run& r, std::span<const device> devices) {
  if (devices.empty()) return {};
  const backend_kind first = devices.front().backend;
  const auto is_other = [&](const device& d) { return d.backend != first; };
  if (std::any_of(devices.begin(), devices.end(), is_other))
    return error{
        errc::unsupported,
        "GPUs of several backends at once are not modelled: name all of one maker, or plan "
        "each alone"};
  if (first == backend_kind::metal && devices.size() > 1)
    return error{errc::unsupported, "a Mac has one GPU: name one"};
  const bool divides = r.split_mode == split_mode::tensor || r.split_mode == split_mode::row;
  if (divides && first != backend_kind::cuda && first != backend_kind::hip)
    return error{errc::unsupported,
                 "-sm tensor and row are modelled for CUDA and ROCm alone; -sm layer for all"};
  return {};
}

/// Places a model's tensors for `r` unless they lie so already. `elsewhere`: devices whose pools are counted
/// in the places of these.
///
/// Errors:   invalid_argument  of check_split_mode(), devices_of(), place_layers() place_weights() or
///                             place_adapters()
[[nodiscard]] inline result<void> place_model(std::unique_ptr<placed_model>& at, const model& m,
                                              const run& r, std::span<const device> devices,
                                              std::span<const std::vector<device>> elsewhere) {
  if (at && same_place(at->made_for, r)) return {};
  if (auto together = check_devices(r, devices); !together) return together.error();
  if (auto runs = check_split_mode(m, r); !runs) return runs.error();
  auto used = devices_of(r, devices);
  if (!used) return used.error();
  auto where = place_layers(r, *used, m.hp.n_layer_all);
  if (!where) return where.error();
  auto placed = place_weights(m, *where, r, devices.size());
  if (!placed) return placed.error();
  auto beside = place_adapters(m, *placed, *where);
  if (!beside) return beside.error();
  at = std::make_unique<placed_model>(m, std::move(*used), std::move(*where), std::move(*placed),
                                      std::move(*beside), r);
  for (const std::vector<device>& set : elsewhere) {
    auto there = devices_of(r, set);
    if (!there) return there.error();
    at->elsewhere.push_back(std::move(*there));
    at->graphs.count_pools_on(at->elsewhere.back());
  }
  return {};
}

}  // namespace vrambudget::detail
