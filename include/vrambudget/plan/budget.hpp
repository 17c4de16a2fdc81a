// A budget: every amount of memory a run needs, by device and by term, with how it is known.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/model/projector_hparams.hpp"
#include "vrambudget/plan/allocation.hpp"
#include "vrambudget/plan/host_budget.hpp"
#include "vrambudget/plan/note.hpp"
#include "vrambudget/plan/term.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What one device must hold, and what it has.
struct device_budget : term_list {
  device_id id;
  device gpu;
  /// What the terms may take: free memory less the reserve and what the host holds of it.
  bytes usable;
  bytes held_by_host = {};  ///< of memory that is the host's, too

  /// The same if others hold what they are expected to, or least.
  [[nodiscard]] bytes usable_at(estimate e) const {
    return gpu.others ? usable + saturating_sub(gpu.others->high, gpu.others->at(e)) : usable;
  }
  [[nodiscard]] bool fits(estimate e = estimate::high) const { return used(e) <= usable_at(e); }
  /// Whether nothing is refused there: Windows takes memory of the host as soon as the device's is full.
  [[nodiscard]] bool spills() const { return gpu.spills_from.has_value(); }
  /// What the driver takes for the process.
  [[nodiscard]] bytes context_at(estimate e) const {
    const term* const own = find(term_kind::driver_context);
    return own ? own->at(e) : bytes{};
  }
  [[nodiscard]] bytes spare() const { return saturating_sub(usable, used()); }
  [[nodiscard]] bytes missing() const { return saturating_sub(used(), usable); }
};

/// What terms may take of a device: what is free, and under Windows no more than the driver leaves there.
[[nodiscard]] inline bytes usable_of(const device& d, bytes reserve) {
  bytes free = d.free;
  if (d.spills_from)
    free = std::min(free, saturating_sub(*d.spills_from, d.others ? d.others->high : bytes{}));
  return saturating_sub(free, reserve);
}
/// The same of all devices together, each less `reserve`.
[[nodiscard]] inline bytes usable_together(std::span<const device> all, bytes reserve) {
  bytes sum;
  for (const device& d : all) sum += usable_of(d, reserve);
  return sum;
}

/// Whether devices work on several micro-batches at once, for which inputs are kept in copies.
enum class pipelining : std::uint8_t {
  none,
  used,
  given_up  ///< its buffers did not fit, and the engine took smaller ones without
};

/// What drafts tokens beside a model: its effective context and the engine's graphs of it. Its bytes
/// are terms of the devices and the host.
struct draft_summary {
  spec_type type = spec_type::draft_simple;
  std::string name, architecture;
  context_params context;
  std::uint32_t n_gpu_layers = 0;
  graph_shape prompt, generation;
  enum pipelining pipelining = pipelining::none;
};

/// Buffers of an encoder for images of one size.
struct image_need {
  std::int64_t nx = 0, ny = 0;  ///< pixels, or frames and mel bins
  bytes compute = {};           ///< on the device
  bytes host = {};
  std::uint64_t n_tokens = 0;  ///< of the text model's context, for one image; 0: not known
  std::int64_t n_images = 1;   ///< at once
};

/// What one encoder of a projector takes.
struct encoder_budget {
  modality kind = modality::vision;
  std::string type;  ///< the engine's name of the projector
  bytes weights;
  image_need warmup;   ///< what is reserved when it is loaded
  image_need largest;  ///< what it is after the largest image that is allowed
  bytes pool;          ///< of its kernels, over either
  bool flash_attn = false;
  std::uint64_t n_embd = 0;  ///< values of each token; 0: not known
  graph_shape graph;
  enum basis basis = basis::exact;
};

/// A projector beside the model. Its bytes are terms of its device or the host.
struct projector_budget {
  std::string name;
  std::optional<std::size_t> device = {};  ///< its number in budget::devices; absent: the host
  std::vector<encoder_budget> encoders;
};

/// Everything about one run of one model on some devices.
struct budget {
  context_params context;          ///< effective parameters, flash attention resolved
  std::uint32_t n_gpu_layers = 0;  ///< layers on devices, the output layer included
  std::vector<device_budget> devices;
  std::vector<allocation> allocations;  ///< of devices, in the engine's order
  enum pipelining pipelining = pipelining::none;
  host_budget host;
  graph_shape prompt, generation;  ///< the engine's graphs, for comparison with its log
  ggml::decisions decided;         ///< how compute buffers were planned, the model's and its draft's
  std::optional<draft_summary> draft;
  std::optional<projector_budget> projector;
  /// Pools of the same run on other devices, by set and device: planner::count_pools_on().
  std::vector<std::vector<bytes>> pool_elsewhere;
  /// What of each pool is rounding up to whole steps: of these devices', then of pool_elsewhere. Empty: pools are
  /// not rounded as a whole.
  std::vector<std::vector<bytes>> pool_rounding;
  /// Why the engine loads this and then ends itself at the first tokens, in words; empty: it does not, as
  /// far as is known.
  std::string aborts;
  std::vector<note> notes;  ///< bounds used, an unknown architecture, ...

  /// By its number; null: it is not there.
  [[nodiscard]] const device_budget* find_device(device_id id) const {
    const auto it = std::find_if(devices.begin(), devices.end(),
                                 [&](const device_budget& d) { return d.id.index == id.index; });
    return it == devices.end() ? nullptr : &*it;
  }
  /// Whether buffers for pipelined work did not fit, the model's or its draft's.
  [[nodiscard]] bool gave_up_pipelining() const {
    return pipelining == pipelining::given_up ||
           (draft && draft->pipelining == pipelining::given_up);
  }
  /// Pages of a device that allocations hold, all of them or those of a run that is loaded.
  [[nodiscard]] bytes pages_on(std::size_t device, bool in_use = true) const {
    const bytes page = page_of(devices[device].gpu.backend);
    bytes sum;
    for (const allocation& a : allocations)
      if (a.device == device && (in_use || !is_in_use(a.stage)))
        sum = saturating_sub(sum, in_pages(a.replaces, page)) + in_pages(a.size, page);
    return sum;
  }
  /// Adds an allocation; one of no bytes is left out.
  void ask(const allocation& a) {
    if (a.size.count > 0) allocations.push_back(a);
  }
  /// Whether it runs to the end of its context.
  [[nodiscard]] bool fits(estimate e = estimate::high) const {
    return fits_devices(e) && host.fits() && !host.reads_from_disk();
  }
  /// The same whatever the host has.
  [[nodiscard]] bool fits_devices(estimate e = estimate::high) const {
    return aborts.empty() && !first_refused(e);
  }
  /// The first allocation that is refused. Nothing: all are made.
  [[nodiscard]] std::optional<refused_allocation> first_refused(estimate e) const;
  /// The same for the first `n` allocations.
  [[nodiscard]] std::optional<refused_allocation> first_refused(estimate e, std::size_t n) const;
  /// Whether anything is cached per token, so that KV types matter.
  [[nodiscard]] bool keeps_kv() const {
    const auto has_kv = [](const term_list& l) { return l.of(term_kind::kv_cache).count > 0; };
    return has_kv(host) || std::any_of(devices.begin(), devices.end(), has_kv);
  }
  /// Bytes that do not fit, over all devices and the host.
  [[nodiscard]] bytes missing() const {
    bytes sum = host.short_bytes().value_or(bytes{});
    for (const device_budget& d : devices) sum += d.missing();
    return sum;
  }
};

inline std::optional<refused_allocation> budget::first_refused(estimate e, std::size_t n) const {
  std::vector<bytes> used;
  for (const device_budget& d : devices) used.push_back(d.context_at(e));
  const auto refuse = [&](std::size_t device, term_kind stage,
                          bytes size) -> std::optional<refused_allocation> {
    const bytes usable = devices[device].usable_at(e);
    if (used[device] <= usable) return std::nullopt;
    return refused_allocation{stage, devices[device].id, size,
                              saturating_sub(used[device], usable)};
  };
  for (std::size_t i = 0; i < n; ++i) {
    const allocation& a = allocations[i];
    const bytes page = page_of(devices[a.device].gpu.backend);
    bytes& here = used[a.device];
    here = saturating_sub(here, in_pages(a.replaces, page)) + in_pages(a.size, page);
    if (auto refused = refuse(a.device, a.stage, a.size)) return refused;
  }
  for (std::size_t i = 0; i < devices.size(); ++i)
    if (auto refused = refuse(i, term_kind::driver_context, used[i])) return refused;
  return std::nullopt;
}

inline std::optional<refused_allocation> budget::first_refused(estimate e) const {
  return first_refused(e, allocations.size());
}

}  // namespace vrambudget
