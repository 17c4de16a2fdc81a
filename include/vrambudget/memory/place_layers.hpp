// Layers to devices, by the engine's rule: the last `-ngl` of them, in shares.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "vrambudget/engine/placement.hpp"
#include "vrambudget/error.hpp"
#include "vrambudget/machine/device.hpp"
#include "vrambudget/memory/device_backend.hpp"

namespace vrambudget {

/// The devices a run uses: all, or only the main one without splitting.
///
/// Errors:   invalid_argument  the main GPU is not there
/// Source:   llama.cpp, src/llama.cpp: llama_prepare_model_devices
[[nodiscard]] inline result<std::vector<device>> devices_of(const run& r,
                                                            std::span<const device> all) {
  std::vector<device> used(all.begin(), all.end());
  if (r.split_mode != split_mode::none || used.empty()) return used;
  if (r.main_gpu < 0) return std::vector<device>{};
  if (static_cast<std::size_t>(r.main_gpu) >= used.size())
    return error{errc::invalid_argument, "-mg " + std::to_string(r.main_gpu) + ": there are " +
                                             std::to_string(used.size()) + " GPUs"};
  return std::vector<device>{used[static_cast<std::size_t>(r.main_gpu)]};
}

/// Where each layer is computed.
///
/// Formula:  start = max(n_layer_all + 1 - ngl, 0); layer il >= start goes to the first device whose
///           cumulative share exceeds (il - start) / ngl; shares are -ts or free memory, as floats.
///           With -sm tensor there is one device of all cards
/// Shape:    layers 0 .. n_layer_all - 1, and the output as number n_layer_all
/// Errors:   invalid_argument  more shares than devices; -sm tensor without any
/// Source:   llama.cpp, src/llama-model.cpp: load_tensors
[[nodiscard]] inline result<placement> place_layers(const run& r, std::span<const device> devices,
                                                    std::uint32_t n_layer_all) {
  const bool is_one = r.split_mode == split_mode::tensor;
  if (r.tensor_split.size() > devices.size())
    return error{errc::invalid_argument, "-ts has " + std::to_string(r.tensor_split.size()) +
                                             " shares for " + std::to_string(devices.size()) +
                                             " GPUs"};
  if (is_one && devices.empty())
    return error{errc::invalid_argument, "-sm tensor needs a GPU at least"};
  const auto n_devices = is_one ? 1 : static_cast<std::uint32_t>(devices.size());
  const bool given =
      std::any_of(r.tensor_split.begin(), r.tensor_split.end(), [](float f) { return f > 0; });
  std::vector<float> until(n_devices);  // cumulative shares
  float sum = 0;
  for (std::uint32_t i = 0; i < n_devices; ++i) {
    const float share = is_one                      ? 1.0f
                        : !given                    ? static_cast<float>(devices[i].free.count)
                        : i < r.tensor_split.size() ? r.tensor_split[i]
                                                    : 0.0f;
    until[i] = sum += share;
  }
  for (float& f : until) f /= sum;

  const auto n_all = static_cast<std::int64_t>(n_layer_all) + 1;
  const std::int64_t ngl = r.n_gpu_layers < 0 ? n_all : r.n_gpu_layers;
  const std::int64_t start = std::max<std::int64_t>(n_all - ngl, 0);
  const std::int64_t active = n_devices ? std::min(ngl, n_all) : 0;
  const auto backend_of = [&](std::int64_t il) {
    if (il < start || il - start >= active) return static_cast<int>(n_devices);
    const float at = static_cast<float>(il - start) / static_cast<float>(active);
    const auto it = std::upper_bound(until.begin(), until.end(), at);
    return static_cast<int>(std::min<std::ptrdiff_t>(it - until.begin(), n_devices - 1));
  };
  std::vector<int> layers(n_layer_all);
  for (std::uint32_t il = 0; il < n_layer_all; ++il) layers[il] = backend_of(il);
  const bool full = n_devices > 0 && ngl >= n_all;
  return placement(memories_of(devices.first(n_devices)), std::move(layers),
                   backend_of(n_layer_all), full, r.split_mode);
}

}  // namespace vrambudget
