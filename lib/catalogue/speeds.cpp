// Reads the embedded data/decode_shares.json.
#include "vrambudget/catalogue/speeds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <string>

#include "catalogue/compute_capability.hpp"
#include "catalogue/embedded.hpp"
#include "catalogue/share_table.hpp"
#include "vrambudget/backends/vulkan/chip.hpp"
#include "vrambudget/catalogue/gpus.hpp"
#include "vrambudget/catalogue/other_gpus.hpp"
#include "vrambudget/catalogue/overheads.hpp"
#include "vrambudget/memory/place_layers.hpp"

namespace vrambudget {
namespace {

namespace json = boost::json;

struct share_table {
  std::vector<std::uint32_t> hbm;  ///< compute capabilities
  std::vector<share_row> rows;
};

bool is_amds(vulkan_architecture a) {
  return std::any_of(vulkan::architectures.begin(), vulkan::architectures.end(),
                     [a](const auto& t) { return t.is == a && t.by == vulkan::maker::amd; });
}

/// Of a device by the name that its driver has: "AMD Radeon RX 7900 XTX (RADV NAVI31)", "Intel(R) Arc(tm) B580 Graphics
/// (BMG G21)". Absent: none is called so, or several that differ.
std::optional<std::uint64_t> bandwidth_by_drivers_name(std::string name) {
  name.resize(std::min(name.find(" ("), name.size()));
  for (const char* mark : {"(R)", "(tm)", "(TM)"})
    if (const std::size_t at = name.find(mark); at != name.npos)
      name.erase(at, std::string_view(mark).size());
  const std::vector<other_gpu> all = other_gpus_named(name);
  for (const other_gpu& g : all)
    if (g.bandwidth_bytes_per_s != all.front().bandwidth_bytes_per_s) return std::nullopt;
  if (all.empty() || all.front().bandwidth_bytes_per_s == 0) return std::nullopt;
  return all.front().bandwidth_bytes_per_s;
}

const share_table& decode_shares() {
  static const share_table all = [] {
    share_table t;
    const json::value parsed = json::parse(detail::decode_shares_json().front().text);
    for (const json::value& cc : parsed.at("hbm_compute_capabilities").as_array())
      t.hbm.push_back(parse_compute_capability(cc.as_string()));
    t.rows = read_share_rows(parsed.at("shares").as_array());
    return t;
  }();
  return all;
}

}  // namespace

std::string_view memory_of(const device& d) {
  switch (d.backend) {
    case backend_kind::metal:
      return "metal";
    case backend_kind::hip:
      return d.unified ? "rocm unified" : "rocm";
    case backend_kind::vulkan:
      return !is_amds(d.limits.architecture) ? "" : d.unified ? "vulkan unified" : "vulkan";
    case backend_kind::cuda:
      break;
  }
  if (d.unified) return "unified";
  const auto& hbm = decode_shares().hbm;
  return std::find(hbm.begin(), hbm.end(), d.cc) != hbm.end() ? "hbm" : "gddr";
}

const gpu_entry* entry_of(const device& d) {
  const auto away = [&](const gpu_entry& g) {
    return std::max(saturating_sub(g.memory, d.total), saturating_sub(d.total, g.memory));
  };
  const gpu_entry* nearest = nullptr;
  for (const gpu_entry& g : gpus())
    if (g.name == d.name && (!nearest || away(g) < away(*nearest))) nearest = &g;
  return nearest;
}

std::optional<std::uint64_t> bandwidth_of(const device& d) {
  if (d.bandwidth_bytes_per_s) return d.bandwidth_bytes_per_s;
  const gpu_entry* const g = entry_of(d);
  if (!g && d.backend != backend_kind::cuda) return bandwidth_by_drivers_name(d.name);
  if (!g || g->bandwidth_bytes_per_s == 0) return std::nullopt;
  return g->bandwidth_bytes_per_s;
}

std::optional<reached_share> reached_share_of(const device& d, weight_class c) {
  return find_share(decode_shares().rows, memory_of(d), d, c);
}

std::optional<decode_speed> decode_speed_at(const model& m, const run& r,
                                            std::span<const device> devices,
                                            const context_params& context, std::uint64_t depth) {
  const auto used = devices_of(r, devices);
  auto traffic = decode_traffic_of(m, r, devices, context, depth);
  if (!used || !traffic) return std::nullopt;
  std::vector<device_rate> rates;
  for (const device& d : *used)
    rates.push_back({bandwidth_of(d), reached_share_of(d, weight_class_of(traffic->most))});
  return decode_speed_of(std::move(*traffic), rates);
}

std::vector<decode_speed> decode_speeds_of(const model& m, const run& r,
                                           std::span<const device> devices, const budget& b) {
  if (b.draft) return {};
  std::vector<decode_speed> all;
  for (const std::uint64_t depth : {std::uint64_t{0}, std::uint64_t{b.context.n_ctx_seq}}) {
    auto speed = decode_speed_at(m, r, devices, b.context, depth);
    if (!speed) return {};
    all.push_back(std::move(*speed));
  }
  return all;
}

std::optional<decode_speed> decode_speed_when_full(planner& p, const run& r) {
  const auto b = p.budget_for(r);
  if (!b || b->draft) return std::nullopt;
  return decode_speed_at(p.get_model(), r, p.devices(), b->context, b->context.n_ctx_seq);
}

}  // namespace vrambudget
