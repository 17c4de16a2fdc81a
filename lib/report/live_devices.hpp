// Live GPUs as JSON.
#pragma once

#include <boost/json/object.hpp>
#include <cstddef>
#include <vector>

#include "gpu/vulkan_probe.hpp"
#include "vrambudget/gpu/probe.hpp"

namespace vrambudget {

/// A device as `probe --json` and recordings show it; what is not known is absent.
[[nodiscard]] boost::json::object device_json(std::size_t index, const live_device& d);

/// All devices of a machine: what `probe --json` says.
[[nodiscard]] boost::json::object devices_json(const std::vector<live_device>& all);

/// {"vulkan_devices": [...]}, with what its driver tells of each.
[[nodiscard]] boost::json::object vulkan_devices_json(const std::vector<live_vulkan_device>& all);

}  // namespace vrambudget
