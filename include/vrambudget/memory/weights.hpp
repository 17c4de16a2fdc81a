// Which tensor goes to which memory, and how much room it takes there.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "vrambudget/backends/cpu/weight.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/engine/speculative.hpp"
#include "vrambudget/ggml/tensor.hpp"
#include "vrambudget/memory/cache_size.hpp"
#include "vrambudget/memory/device_backend.hpp"
#include "vrambudget/model/tensor_class.hpp"

namespace vrambudget {

/// One copy of a tensor.
struct placed_weight {
  std::uint32_t tensor = 0;  ///< index in the model
  int backend = 0;           ///< device, or the host's number
  bytes size;                ///< padded
  cpu::layout layout = cpu::layout::plain;  ///< on the host
};

/// All tensors of a model that are loaded.
struct weights {
  std::vector<placed_weight> all;
  std::vector<std::string> unmatched = {};  ///< patterns of `-ot` that match no tensor

  [[nodiscard]] bytes on(int backend) const {
    bytes sum;
    for (const placed_weight& w : all)
      if (w.backend == backend) sum += w.size;
    return sum;
  }
  /// Of those those that lie as in the file, or those that don't.
  [[nodiscard]] bytes on(int backend, bool repacked) const {
    bytes sum;
    for (const placed_weight& w : all)
      if (w.backend == backend && (w.layout != cpu::layout::plain) == repacked) sum += w.size;
    return sum;
  }
};

/// Room of a tensor in a weight buffer.
[[nodiscard]] inline bytes weight_size(const model_tensor& t, const ggml::buffer_type& in) {
  return pad(t.size + in.row_padding(t.type, static_cast<std::uint64_t>(t.ne[0])), in.alignment);
}

/// The variant of the CPU's library where none is told.
[[nodiscard]] inline const cpu_variant& usual_cpu_beside(const placement& place) {
  return place.n_devices() > 0 && place.memory(0).backend == backend_kind::metal ? usual_apple_cpu
                                                                                 : usual_cpu;
}

/// Places all tensors of a model. `n_present`: the devices of the machine.
///
/// Formula:  per buffer: sum of pad(alloc size); input tensors on the host, layers on their device, the
///           output's on the output's, with a copy of tied embeddings there if it is a device
/// Errors:   invalid_argument  an override that names no buffer or is no regular expression, or sends
///                             a tensor to a device that the run does not use
/// Accuracy: exact; on the host the tensors that stay there, not the range of the file that is mapped
/// Source:   llama.cpp, src/llama-model-loader.cpp: create_tensor; src/llama-model.cpp: load_tensors
[[nodiscard]] result<weights> place_weights(const model& m, const placement& place, const run& r,
                                            std::size_t n_present = 0);

/// What the engine maps of a model's file for the tensors that lie on the host as in it, "CPU_Mapped": from the
/// first of them to the last. All of that is told to be used, though only these are read.
///
/// Accuracy: exact of a model in one file, by the order of its tensors
/// Source:   llama.cpp, src/llama-model-loader.cpp: get_mapping_range
[[nodiscard]] inline bytes mapped_range(const model& m, const weights& placed, int host) {
  std::size_t first = m.tensors.size(), last = 0;
  for (const placed_weight& w : placed.all)
    if (w.backend == host && w.layout == cpu::layout::plain) {
      first = std::min<std::size_t>(first, w.tensor);
      last = std::max<std::size_t>(last, w.tensor);
    }
  bytes range;
  for (std::size_t i = first; i < last; ++i) range += pad(m.tensors[i].size, 32);
  return first <= last && last < m.tensors.size() ? range + m.tensors[last].size : bytes{};
}

/// Whether a run sends any tensor elsewhere, which turns pipeline parallelism off.
[[nodiscard]] inline bool has_overrides(const run& r) {
  return !r.overrides.empty() || r.cpu_moe || r.n_cpu_moe > 0 || r.n_cpu_ffn > 0;
}

/// The run without pipeline parallelism and nothing else changed: with an override that matches no tensor.
[[nodiscard]] inline run without_pipelining(run r) {
  r.overrides.push_back({"no-such-tensor", "CPU"});
  return r;
}

/// A model's tensor as graphs read it, in the memory of backend `home`, which no other reads where it is
/// `repacked`. It names `t`'s name, so `t` must outlive it.
[[nodiscard]] inline ggml::tensor weight_tensor(const model_tensor& t, int home,
                                                bool repacked = false) {
  ggml::tensor w;
  w.type = t.type;
  w.ne = t.ne;
  w.nbytes = t.size.count;
  w.nb[0] = element_size(w);
  w.nb[1] = row_size(t.type, static_cast<std::uint64_t>(t.ne[0])).count;
  w.nb[2] = w.nb[1] * static_cast<std::uint64_t>(t.ne[1]);
  w.nb[3] = w.nb[2] * static_cast<std::uint64_t>(t.ne[2]);
  w.is_weight = true;
  w.repacked = repacked;
  w.eight_bits = t.eight_bits;
  w.home = static_cast<std::int8_t>(home);
  w.name = t.name.c_str();
  return w;
}

}  // namespace vrambudget
