// The backend of a device: the one place that knows which there are. Rules of each are in its folder of backends/.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "vrambudget/backends/cpu/backend.hpp"
#include "vrambudget/backends/cuda/scratch.hpp"
#include "vrambudget/backends/cuda/weight.hpp"
#include "vrambudget/backends/hip/backend.hpp"
#include "vrambudget/backends/metal/weight.hpp"
#include "vrambudget/backends/vulkan/chip.hpp"
#include "vrambudget/backends/vulkan/weight.hpp"
#include "vrambudget/engine/placement.hpp"
#include "vrambudget/engine/rules.hpp"
#include "vrambudget/machine/device.hpp"

namespace vrambudget {

/// What a device of Vulkan tells, and what is usual where it does not.
[[nodiscard]] constexpr vulkan::limits vulkan_limits(const device_limits& told) {
  vulkan::limits l;
  const auto take = [](std::uint64_t& to, std::uint64_t from) {
    if (from > 0) to = from;
  };
  take(l.alignment, told.alignment);
  take(l.host_alignment, told.host_alignment);
  take(l.allocation, told.allocation);
  take(l.buffer, told.buffer);
  take(l.range, told.range);
  if (told.indexes_64_bits) l.range = 0;
  l.has_fp16 = !told.lacks_fp16;
  return l;
}

/// What the kernels of a device of Vulkan depend on: one, or all that it may be, if its architecture is not known.
/// Cores that are not told are many, but Intel's, which the engine does not know either.
[[nodiscard]] inline std::vector<vulkan::chip> vulkan_chips(const device& d) {
  constexpr std::uint32_t many = 192;
  const vulkan::limits l = vulkan_limits(d.limits);
  std::vector<vulkan::chip> all;
  for (const vulkan::architecture_traits& t : vulkan::architectures) {
    const bool unknown = d.limits.architecture == vulkan_architecture::unknown;
    if (!unknown && t.is != d.limits.architecture) continue;
    vulkan::chip c{.traits = t,
                   .n_core = d.n_sm > 0 || t.by == vulkan::maker::intel ? d.n_sm : many,
                   .has_fp16 = l.has_fp16,
                   .unified = d.unified,
                   .by_amds_driver = d.limits.by_amds_driver,
                   .alignment = l.alignment};
    if (l.range > 0) c.range = l.range;
    all.push_back(c);
  }
  return all;
}

/// What the scratch of a device's kernels depends on.
struct drawing_device {
  cuda::card card = {};                  ///< of CUDA
  std::vector<vulkan::chip> chips = {};  ///< of Vulkan, see vulkan_chips(); none: it is CUDA's
};

[[nodiscard]] inline drawing_device drawing_device_of(const device& d) {
  constexpr std::uint32_t most_sm = 192;  // of a card that is not known better
  if (d.backend == backend_kind::vulkan) return {.chips = vulkan_chips(d)};
  return {{d.cc, d.n_sm ? d.n_sm : most_sm, d.maps_pool}};
}

/// How tensors lie in a device's buffers.
[[nodiscard]] inline ggml::buffer_type buffers_of(const device& d) {
  switch (d.backend) {
    case backend_kind::vulkan:
      return vulkan::buffers_of(vulkan_limits(d.limits));
    case backend_kind::metal:
      return metal::buffers_of(d.limits.buffer);
    case backend_kind::cuda:
    case backend_kind::hip:
      break;
  }
  return cuda::buffers;
}

/// Whether a device takes buffers of the host for weights and results, which it then reads directly.
[[nodiscard]] constexpr bool has_host_buffers(backend_kind b) { return b != backend_kind::metal; }

/// How they lie on the host, in what the first device reads directly.
[[nodiscard]] inline ggml::buffer_type host_buffers_of(std::span<const device> devices) {
  if (!devices.empty() && devices.front().backend == backend_kind::vulkan)
    return vulkan::host_buffers_of(vulkan_limits(devices.front().limits));
  return cpu::buffers;
}

/// Whether it reads weights where a file is mapped, and copies none.
[[nodiscard]] constexpr bool reads_files_in_place(const device& d) {
  return d.backend == backend_kind::metal;
}

/// What each buffer of the host is larger than what is in it.
[[nodiscard]] inline bytes host_tail_of(std::span<const device> devices) {
  return !devices.empty() && devices.front().backend == backend_kind::vulkan
             ? vulkan::host_buffer_tail
             : bytes{};
}

/// Whether it is known which kernel draws what.
[[nodiscard]] constexpr bool knows_scratch(backend_kind b) {
  return b == backend_kind::cuda || b == backend_kind::vulkan;
}
[[nodiscard]] inline bool knows_scratch(std::span<const device> devices) {
  return std::all_of(devices.begin(), devices.end(),
                     [](const device& d) { return knows_scratch(d.backend); });
}

/// Whether the order of a graph depends on where caches lie, so that a run's buffers are not those that the engine
/// projects.
[[nodiscard]] inline bool orders_by_address(std::span<const device> devices) {
  return !devices.empty() && devices.front().backend == backend_kind::metal;
}

/// What a kernel there can read of one tensor; 0: any.
[[nodiscard]] inline std::uint64_t largest_tensor_of(const device& d) {
  if (d.backend != backend_kind::vulkan) return 0;
  const vulkan::limits l = vulkan_limits(d.limits);
  return l.range > 0 ? std::min(l.range, l.buffer) : l.buffer;
}

/// Of each device, then of the host.
[[nodiscard]] inline std::vector<backend_memory> memories_of(std::span<const device> devices) {
  std::vector<backend_memory> all;
  for (const device& d : devices) all.push_back({buffers_of(d), d.backend, largest_tensor_of(d)});
  all.push_back({host_buffers_of(devices)});
  return all;
}

/// Whether a device can do with a layer's tensor what the model does with it.
[[nodiscard]] inline bool takes_weight(const backend_memory& on, const model& m,
                                       const model_tensor& t, const engine_rules& rules) {
  switch (on.backend) {
    case backend_kind::vulkan:
      return vulkan::takes_weight(m, t, on.largest_tensor);
    case backend_kind::metal:
      return metal::takes_weight(t);
    case backend_kind::cuda:
    case backend_kind::hip:
      break;
  }
  return cuda::takes_weight(m, t, rules);
}

/// `id`: the backend's number. `n_backends`: devices and CPU.
[[nodiscard]] inline std::unique_ptr<ggml::backend> backend_of(const device& d, int id,
                                                               int n_backends,
                                                               const engine_rules& rules) {
  switch (d.backend) {
    case backend_kind::vulkan:
      return std::make_unique<vulkan::backend>(id, n_backends, vulkan_limits(d.limits));
    case backend_kind::hip:
      return std::make_unique<hip::backend>(id, d.gfx, n_backends, rules);
    case backend_kind::metal:
      return std::make_unique<metal::backend>(d.limits.buffer);
    case backend_kind::cuda:
      break;
  }
  return std::make_unique<cuda::backend>(id, d.cc, n_backends, rules);
}

}  // namespace vrambudget
