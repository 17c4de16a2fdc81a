// A budget: every amount of memory a run needs, by device and by term, with how it is known.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vrambudget/basis.hpp"
#include "vrambudget/engine/context.hpp"
#include "vrambudget/engine/device_id.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/compute_size.hpp"
#include "vrambudget/model/projector_hparams.hpp"
#include "vrambudget/plan/note.hpp"
#include "vrambudget/plan/term.hpp"
#include "vrambudget/units.hpp"

namespace vrambudget {

/// What one device must hold, and what it has.
struct device_budget : term_list {
  device_id id;
  device gpu;
  bytes usable;  ///< what the terms may take: free memory less the reserve

  [[nodiscard]] bool fits() const { return used() <= usable; }
  [[nodiscard]] bytes spare() const { return saturating_sub(usable, used()); }
  [[nodiscard]] bytes missing() const { return saturating_sub(used(), usable); }
};

/// What drafts tokens beside a model: its effective context and the engine's graphs of it. Its bytes
/// are terms of the devices and the host.
struct draft_summary {
  spec_type type = spec_type::draft_simple;
  std::string name, architecture;
  context_params context;
  std::uint32_t n_gpu_layers = 0;
  graph_shape prompt, generation;
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
  bool on_device = true;
  std::vector<encoder_budget> encoders;
};

/// Everything about one run of one model on some devices.
struct budget {
  context_params context;          ///< effective parameters, flash attention resolved
  std::uint32_t n_gpu_layers = 0;  ///< layers on devices, the output layer included
  std::vector<device_budget> devices;
  term_list host;
  graph_shape prompt, generation;  ///< the engine's graphs, for comparison with its log
  std::optional<draft_summary> draft;
  std::optional<projector_budget> projector;
  /// Pools of the same run on other devices, by set and device: planner::count_pools_on().
  std::vector<std::vector<bytes>> pool_elsewhere;
  /// Why the engine loads this and then ends itself at the first tokens, in words; empty: it does not, as
  /// far as is known.
  std::string aborts;
  std::vector<note> notes;  ///< bounds used, an unknown architecture, ...

  [[nodiscard]] bool fits() const {
    return std::all_of(devices.begin(), devices.end(),
                       [](const device_budget& d) { return d.fits(); });
  }
  /// Whether anything is cached per token, so that KV types matter.
  [[nodiscard]] bool keeps_kv() const {
    const auto has_kv = [](const term_list& l) { return l.of(term_kind::kv_cache).count > 0; };
    return has_kv(host) || std::any_of(devices.begin(), devices.end(), has_kv);
  }
  /// Bytes that do not fit, over all devices.
  [[nodiscard]] bytes missing() const {
    bytes sum;
    for (const device_budget& d : devices) sum += d.missing();
    return sum;
  }
};

}  // namespace vrambudget
