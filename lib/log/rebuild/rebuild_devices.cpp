// The devices of a run.
#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "rebuilder.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/vulkan_devices.hpp"

namespace vrambudget {
namespace {

/// Nothing: one that is not modelled, whose devices stand for CUDA's.
std::optional<backend_kind> backend_named(std::string_view backend) {
  for (const backend_kind k : all_backends)
    if (name(k) == backend) return k;
  return std::nullopt;
}

/// "AMD Radeon RX 7900 XTX (RADV NAVI31)" without what the driver puts behind it.
std::string_view without_driver(std::string_view name) {
  const std::size_t at = name.find(" (");
  return at == name.npos ? name : name.substr(0, at);
}

std::optional<device> known_device(std::string_view name, std::optional<backend_kind> kind) {
  surroundings around;
  // a Radeon's limits are its driver's, which is Mesa's under Linux, whatever system the log is read on
  if (name.find("(RADV ") != name.npos) around.system = operating_system::native_linux;
  around.backend = kind;
  if (const auto known = find_gpu(without_driver(name))) {
    const device d = to_device(*known);
    return kind == backend_kind::vulkan ? under_vulkan(d) : d;
  }
  if (!kind) return std::nullopt;
  const auto other = find_other_gpu(without_driver(name), around);
  return other ? std::optional(other->d) : std::nullopt;
}

}  // namespace

/// Every buffer's device in this context, its model and the table, and the GPUs that are used.
std::vector<std::string_view> rebuilder::device_names() const {
  std::vector<std::string_view> all;
  if (lines_)
    for (const log_buffer& b : lines_->buffers) all.push_back(b.device);
  for (const log_buffer& b : c_.buffers) all.push_back(b.device);
  if (index_ + 1 == log_.contexts.size() || index_ == 0)
    for (const log_table_row& r : log_.table) all.push_back(r.device);
  for (const log_device& d : log_.devices)
    if (d.used) all.push_back(d.id);
  return all;
}

void rebuilder::choose_devices() {
  std::size_t n = 0;
  bool any = false;
  std::map<std::string, int> backends;
  for (const std::string_view name : device_names()) {
    const buffer_place p = place_of_buffer(name);
    any |= p.kind != buffer_place::unknown;
    if (p.kind != buffer_place::device) continue;
    ++backends[p.backend];
    n = std::max(n, p.index + 1);
  }
  if (n == 0 && !any) n = std::max<std::size_t>(1, log_.devices.size());
  for (const auto& [backend, count] : backends)
    if (out_.backend == "CUDA" || count > backends[out_.backend]) out_.backend = backend;
  if (!options_.devices.empty()) {
    out_.devices = options_.devices;
    return;
  }
  for (std::size_t i = 0; i < n; ++i) out_.devices.push_back(device_number(i));
}

device rebuilder::device_number(std::size_t i) {
  const std::string id = out_.backend + std::to_string(i);
  const log_device* logged = nullptr;
  for (const log_device& d : log_.devices)
    if (d.id == id) logged = &d;
  device d;
  const std::optional<backend_kind> kind = backend_named(out_.backend);
  if (kind) d.backend = *kind;
  if (logged && !logged->name.empty()) {
    if (const auto known = known_device(logged->name, kind)) d = *known;
    d.name = logged->name;
  }
  if (logged && logged->unified) d.unified = *logged->unified;
  if (logged && logged->has_fp16) d.limits.lacks_fp16 = !*logged->has_fp16;
  if (logged && logged->cc) d.cc = logged->cc;
  if (logged) d.maps_pool = logged->maps_pool;
  if (logged && logged->total) d.total = d.free = *logged->total;
  if (logged && logged->free) d.free = *logged->free;
  for (const log_table_row& r : log_.table)
    if (r.device == id && r.total && *r.total > 0 && d.total.count == 0)
      d.total = d.free = bytes{static_cast<std::uint64_t>(*r.total) << 20};
  if (d.cc == 0 && d.backend == backend_kind::cuda) {
    d.cc = 860;
    if (out_.backend == "CUDA") assume(id + ": compute capability 8.6");
  }
  if (d.name.empty()) d.name = id;
  if (d.free.count == 0) d.total = d.free = 24_GiB;  // only their proportion matters here
  return d;
}

}  // namespace vrambudget
