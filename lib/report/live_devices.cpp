#include "live_devices.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <optional>
#include <utility>

#include "vrambudget/engine/device_id.hpp"

namespace vrambudget {

namespace json = boost::json;

json::object device_json(std::size_t index, const live_device& d) {
  json::object o{{"id", name(device_id{.index = static_cast<std::uint32_t>(index)})},
                 {"gpu", d.gpu.name},
                 {"compute_capability", fmt::format("{}.{}", d.gpu.cc / 100, d.gpu.cc / 10 % 10)},
                 {"sm_count", d.gpu.n_sm},
                 {"total_bytes", d.gpu.total.count},
                 {"free_bytes", d.gpu.free.count}};
  const auto size = [&](const char* key, const std::optional<bytes>& b) {
    if (b) o[key] = b->count;
  };
  size("used_by_others_bytes", d.used_by_others);
  size("reserved_bytes", d.reserved);
  size("driver_context_bytes", d.context);
  size("granularity_bytes", d.granularity);
  return o;
}

json::object devices_json(const std::vector<live_device>& all) {
  json::array devices;
  for (std::size_t i = 0; i < all.size(); ++i) devices.push_back(device_json(i, all[i]));
  return {{"devices", std::move(devices)}};
}

json::object vulkan_devices_json(const std::vector<live_vulkan_device>& all) {
  json::array devices;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const live_vulkan_device& d = all[i];
    const device_limits& l = d.gpu.limits;
    devices.push_back(json::object{
        {"id", name(device_id{backend_kind::vulkan, static_cast<std::uint32_t>(i)})},
        {"gpu", d.gpu.name},
        {"kind", name(d.kind)},
        {"total_bytes", d.gpu.total.count},
        {"free_bytes", d.gpu.free.count},
        {"tells_budget", d.tells_budget},
        {"align", l.alignment},
        {"mapalign", l.host_alignment},
        {"range", l.range},
        {"maxalloc", l.allocation},
        {"maxbuf", l.buffer},
        {"fp16", !l.lacks_fp16},
        {"index64", l.indexes_64_bits}});
  }
  return {{"vulkan_devices", std::move(devices)}};
}

}  // namespace vrambudget
